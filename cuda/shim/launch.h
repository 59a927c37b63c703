/* Launches a kernel on the host: the part of the shim that tests and kernels call. */
#ifndef TRIPTYCH_SIMT_LAUNCH_H
#define TRIPTYCH_SIMT_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <tuple>

#include "vector_types.h"

namespace simt {

/*
 * The order in which blocks run, and threads within a block between two waits. `shuffled` draws a new order
 * at every round and may switch threads at atomics too.
 */
enum class thread_order { forward, backward, shuffled };

struct schedule {
  thread_order order = thread_order::forward;
  /* Of the shuffles, and of the pattern that unwritten memory holds. */
  uint32_t seed = 1;
};

/* The schedule of the launches from here on. */
void use_schedule(schedule how);

enum class warp_operation : uint8_t {
  synchronise,
  ballot,
  all,
  any,
  shuffle_index,
  shuffle_up,
  shuffle_down,
  shuffle_xor,
  reduce_add,
  match_any
};

enum class atomic_operation : uint8_t { add, maximum, minimum, exchange, compare_exchange, bit_and, bit_or };
enum class atomic_type : uint8_t { i32, u32, u64, f32 };

/* One warp operation of the current thread; returns when all lanes of `mask` have come with the same one. */
uint64_t warp_collective(warp_operation operation, uint32_t mask, uint64_t value, uint32_t argument,
                         int width, const char *file, int line);
/* __syncthreads; returns the sum of `value` over the block. */
uint32_t block_barrier(uint32_t value, const char *file, int line);
/* A read-modify-write of one word, by bits; returns the word before. */
uint64_t atomic_update(atomic_operation operation, atomic_type type, void *address, uint64_t value,
                       uint64_t compared, const void *from);
/* __threadfence: what this block wrote so far is published by its next atomic on device memory. */
void device_fence();
/* Memory of one TP_SHARED array of the running block, the same for all its threads. */
void *shared_array(const void *key, size_t bytes, size_t alignment, const char *name);

/* Runs `run(arguments)` once per thread. @throws fault */
void run_grid(const char *kernel, dim3 grid, dim3 block, void (*run)(void *), void *arguments,
              size_t argument_bytes);

template <class... Parameters, class... Arguments>
void launch(const char *name, dim3 grid, dim3 block, void (*kernel)(Parameters...),
            Arguments &&...arguments) {
  struct call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...> parameters;
  };
  static_assert(sizeof(std::tuple<Parameters...>) <= 4096, "CUDA allows 4 KB of kernel arguments");
  call made{kernel, std::tuple<Parameters...>(static_cast<Arguments &&>(arguments)...)};
  const auto run = [](void *at) {
    auto *made = static_cast<call *>(at);
    std::apply(made->kernel, made->parameters);
  };
  run_grid(name, grid, block, run, &made, sizeof made);
}

}  // namespace simt

#endif
