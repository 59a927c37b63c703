/*
 * The state of the one launch that runs, shared by the files of the shim and by nobody else. Blocks run one
 * after the other, their threads as fibers on one thread of the host; so nothing here is locked.
 *
 * Time is `step`: it grows whenever threads are ordered (a launch, a block, a barrier, a __syncwarp). Two
 * accesses to the same bytes are ordered if an ordering event lies between them that both threads took part
 * in.
 */
#ifndef TRIPTYCH_SIMT_MACHINE_H
#define TRIPTYCH_SIMT_MACHINE_H

#include <stdint.h>
#include <string>
#include <vector>

#include "fault.h"
#include "fiber.h"
#include "launch.h"
#include "vector_types.h"

namespace simt {

constexpr unsigned threads_max = 1024;
constexpr unsigned lanes = 32;

enum class thread_state : uint8_t { ready, at_barrier, at_warp_operation, done };

/* The place in the source of a barrier or a warp operation. */
struct site {
  const char *file;
  int line;
};

struct warp_request {
  warp_operation operation;
  uint32_t mask;
  uint64_t value;
  uint32_t argument;
  int width;
};

struct fiber_thread {
  continuation fiber;
  thread_state state;
  site waits_at;
  warp_request request;
  uint64_t result;
};

struct machine_state {
  bool running = false;
  /* The shim itself is at work: the linker may have given it instrumented copies of inline functions. */
  bool inside = false;
  const char *kernel = "";
  dim3 grid, block;
  dim3 block_at;
  unsigned thread_count = 0;
  unsigned current = 0;
  unsigned done = 0;
  unsigned at_barrier = 0;
  uint32_t barrier_sum = 0;
  fiber_thread threads[threads_max];
  /* The kernel's arguments: the one piece of host memory that a kernel may read. */
  uintptr_t arguments = 0;
  uintptr_t argument_bytes = 0;
  void (*run)(void *) = nullptr;
  continuation scheduler;

  uint32_t step = 1;
  uint32_t launch_step = 0;
  uint32_t block_step = 0;
  uint32_t barrier_step = 0;
  /* [warp][lane][other lane]: the last step of the other lane that this lane is ordered after. */
  uint32_t clock[threads_max / lanes][lanes][lanes];
  /* Blocks of this launch in the order of their execution: the step before each, and what it has published.
   */
  std::vector<uint32_t> block_steps;
  std::vector<uint32_t> published_steps;
  uint32_t fence_step = 0;
  bool acquired = false;

  schedule how;
  uint64_t random = 1;
  bool failed = false;
  breach failure = breach::launch;
  std::string failure_text;
  const void *failure_at = nullptr;

  fiber_stacks stacks;
};

extern machine_state machine;

/* From a kernel's call into the shim to the return. */
class shim_scope {
 public:
  shim_scope() { machine.inside = true; }
  ~shim_scope() { machine.inside = false; }
  shim_scope(const shim_scope &) = delete;
  shim_scope &operator=(const shim_scope &) = delete;
};

/* Suspends the current thread until the scheduler picks it again. */
void yield();

/* Uniform below `bound`, from the schedule's seed. */
uint32_t random_below(uint32_t bound);

/* Releases the threads at the barrier if all live ones have come. */
void complete_barrier();

/* Reports lanes that wait for the current thread, which returns. */
void leave_warp();

/* "thread (x, y, z)" of the block that runs. */
std::string thread_text(unsigned thread);

/* Makes shared memory new for a block: no array, nothing written. */
void reset_shared_memory();

}  // namespace simt

#endif
