/* What the shim reports: a rule of CUDA that a kernel broke, with the thread and the line. */
#ifndef TRIPTYCH_SIMT_FAULT_H
#define TRIPTYCH_SIMT_FAULT_H

#include <stdexcept>
#include <string>

namespace simt {

enum class breach {
  launch,            /* a grid or block that CUDA refuses, or too much shared memory */
  divergent_barrier, /* __syncthreads that not all threads of the block reach */
  divergent_warp,    /* a warp operation whose mask is not the lanes that arrive */
  shared_race,       /* two threads of a block, one writes, nothing orders them */
  global_race,       /* the same in device memory, between blocks too */
  uninitialised,     /* a read of memory that nobody wrote */
  out_of_bounds,     /* outside every array, or outside the array it began in */
  misaligned,        /* a vector load or store at an address that is not a multiple of its size */
  endless,           /* threads that go from wait to wait without an end */
  read_only,         /* a write to memory that the launch may only read */
  undefined          /* a shift or an index of a local array that C++ leaves undefined */
};

const char *breach_name(breach kind);

/* Thrown by LAUNCH. The text names kernel, block, thread and line. */
class fault : public std::runtime_error {
 public:
  fault(breach kind, const std::string &text) : std::runtime_error(text), kind(kind) {}
  const breach kind;
};

/* Ends the running launch with a fault; never returns to the kernel. `where` is a return address, or null. */
[[noreturn]] void report(breach kind, const std::string &text, const void *where);

/* "file:line" of an instruction of this program, or its address where addr2line is absent. */
std::string source_line(const void *address);

}  // namespace simt

#endif
