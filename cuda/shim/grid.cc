/* Runs a grid: blocks one after the other, each thread a fiber that stops where CUDA's threads wait for each
 * other. */
#include <algorithm>
#include <numeric>

#include "machine.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace simt {

machine_state machine;

namespace {

/* Rounds of a block, in each of which every thread that can runs until it waits; kernels need some thousand.
 */
constexpr unsigned rounds_max = 200000;

uint3 place_in(unsigned index, dim3 extent) {
  return {index % extent.x, index / extent.x % extent.y, index / extent.x / extent.y};
}

void enter_thread() {
  machine.run(reinterpret_cast<void *>(machine.arguments));
  const shim_scope scope;
  machine.threads[machine.current].state = thread_state::done;
  machine.done++;
  leave_warp();
  complete_barrier();
  continuation never;
  switch_to(never, machine.scheduler);
}

void resume(unsigned thread) {
  machine.current = thread;
  threadIdx = place_in(thread, machine.block);
  machine.inside = false;
  switch_to(machine.scheduler, machine.threads[thread].fiber);
  machine.inside = true;
}

[[noreturn]] void throw_failure() {
  machine.running = machine.inside = false;
  std::string where = machine.failure_at == nullptr ? "" : " at " + source_line(machine.failure_at);
  throw fault(machine.failure, machine.failure_text + where);
}

void order_threads(std::vector<unsigned> &order) {
  if (machine.how.order != thread_order::shuffled) return;
  for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random_below(i)]);
}

std::vector<unsigned> first_order(unsigned count) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (machine.how.order == thread_order::backward) std::reverse(order.begin(), order.end());
  return order;
}

/* The block cannot come to an end: says who waits where. */
[[noreturn]] void throw_stuck(breach kind) {
  std::string text;
  unsigned shown = 0;
  for (unsigned i = 0; i < machine.thread_count && shown < 8; i++) {
    const fiber_thread &thread = machine.threads[i];
    if (thread.state == thread_state::done) continue;
    const bool here = thread.state == thread_state::at_barrier;
    if (here && kind == breach::divergent_warp) kind = breach::divergent_barrier;
    /* One thread of each group that waits at one place is enough. */
    const bool repeated = i > 0 && machine.threads[i - 1].state == thread.state &&
                          machine.threads[i - 1].waits_at.line == thread.waits_at.line;
    if (repeated) continue;
    shown++;
    text += (text.empty() ? "" : ", ") + thread_text(i) + " waits at " +
            (here ? "__syncthreads " : "a warp operation ") + thread.waits_at.file + ":" +
            std::to_string(thread.waits_at.line);
  }
  machine.failure = kind;
  machine.failure_text = std::string("kernel ") + machine.kernel + ": the block cannot go on: " + text +
                         "; " + std::to_string(machine.done) + " of " + std::to_string(machine.thread_count) +
                         " threads have returned";
  machine.failure_at = nullptr;
  throw_failure();
}

void run_block(std::vector<unsigned> &order) {
  machine.done = machine.at_barrier = 0;
  machine.barrier_sum = 0;
  machine.fence_step = 0;
  machine.acquired = false;
  machine.block_steps.push_back(machine.step);
  machine.published_steps.push_back(0);
  machine.block_step = machine.barrier_step = machine.step++;
  reset_shared_memory();
  for (unsigned i = 0; i < machine.thread_count; i++) {
    machine.threads[i].fiber = machine.stacks.begin(i, enter_thread);
    machine.threads[i].state = thread_state::ready;
  }
  for (unsigned round = 0; machine.done < machine.thread_count; round++) {
    bool moved = false;
    if (round == rounds_max) throw_stuck(breach::endless);
    order_threads(order);
    for (const unsigned thread : order) {
      if (machine.threads[thread].state != thread_state::ready) continue;
      moved = true;
      resume(thread);
      if (machine.failed) throw_failure();
    }
    if (!moved) throw_stuck(breach::divergent_warp);
  }
}

void check_launch(dim3 grid, dim3 block) {
  const auto threads = static_cast<uint64_t>(block.x) * block.y * block.z;
  const bool legal = threads >= 1 && threads <= threads_max && block.z <= 64 && grid.x >= 1 && grid.y >= 1 &&
                     grid.z >= 1 && grid.x <= 0x7fffffffu && grid.y <= 65535u && grid.z <= 65535u;
  if (legal) return;
  throw fault(breach::launch, std::string("kernel ") + machine.kernel + ": CUDA refuses a grid of " +
                                  std::to_string(grid.x) + " x " + std::to_string(grid.y) + " x " +
                                  std::to_string(grid.z) + " blocks of " + std::to_string(threads) +
                                  " threads");
}

}  // namespace

void use_schedule(schedule how) { machine.how = how; }

uint32_t random_below(uint32_t bound) {
  machine.random = machine.random * 6364136223846793005ull + 1442695040888963407ull;
  return static_cast<uint32_t>((machine.random >> 33) % bound);
}

void yield() { switch_to(machine.threads[machine.current].fiber, machine.scheduler); }

std::string thread_text(unsigned thread) {
  const uint3 at = place_in(thread, machine.block);
  return "thread (" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

void report(breach kind, const std::string &text, const void *where) {
  const dim3 block = machine.block_at;
  machine.failed = true;
  machine.failure = kind;
  machine.failure_at = where;
  machine.failure_text = std::string("kernel ") + machine.kernel + ", block (" + std::to_string(block.x) +
                         ", " + std::to_string(block.y) + ", " + std::to_string(block.z) + "), " +
                         thread_text(machine.current) + ": " + text;
  for (;;) yield();
}

void run_grid(const char *kernel, dim3 grid, dim3 block, void (*run)(void *), void *arguments,
              size_t argument_bytes) {
  machine.kernel = kernel;
  check_launch(grid, block);
  machine.grid = gridDim = grid;
  machine.block = blockDim = block;
  machine.thread_count = block.x * block.y * block.z;
  machine.run = run;
  machine.arguments = reinterpret_cast<uintptr_t>(arguments);
  machine.argument_bytes = argument_bytes;
  machine.random = machine.how.seed * 0x9e3779b97f4a7c15ull + 1;
  machine.failed = false;
  machine.block_steps.clear();
  machine.published_steps.clear();
  machine.stacks.reserve(threads_max);
  machine.launch_step = machine.step++;
  machine.running = machine.inside = true;
  std::vector<unsigned> threads = first_order(machine.thread_count);
  std::vector<unsigned> blocks = first_order(grid.x * grid.y * grid.z);
  order_threads(blocks);
  for (const unsigned index : blocks) {
    blockIdx = place_in(index, grid);
    machine.block_at = dim3(blockIdx.x, blockIdx.y, blockIdx.z);
    run_block(threads);
  }
  machine.running = machine.inside = false;
}

}  // namespace simt
