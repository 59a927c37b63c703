/* Barriers and warp operations: where threads wait, and what must be true of those that come. */
#include "machine.h"

namespace simt {

namespace {

std::string hex(uint32_t mask) {
  char text[16];
  snprintf(text, sizeof text, "0x%08x", mask);
  return text;
}

std::string place(const site &at) { return std::string(at.file) + ":" + std::to_string(at.line); }

/* What CUDA leaves undefined gets a pattern that no test expects: a signalling NaN as f32 and as f64. */
uint64_t undefined_value() { return 0x7ff4dead7fa0beefull ^ (static_cast<uint64_t>(machine.how.seed) << 8); }

uint64_t reduce(const fiber_thread *warp, const warp_request &own, unsigned lane) {
  uint64_t result = 0;
  switch (own.operation) {
    case warp_operation::ballot:
    case warp_operation::any:
    case warp_operation::all:
    case warp_operation::match_any:
      for (unsigned other = 0; other < lanes; other++) {
        if ((own.mask >> other & 1u) == 0) continue;
        const uint64_t value = warp[other].request.value;
        const bool counts = own.operation == warp_operation::match_any ? value == own.value : value != 0;
        if (counts) result |= 1ull << other;
      }
      if (own.operation == warp_operation::any) return result != 0;
      if (own.operation == warp_operation::all) return result == own.mask;
      return result;
    case warp_operation::reduce_add:
      for (unsigned other = 0; other < lanes; other++)
        if ((own.mask >> other & 1u) != 0) result += warp[other].request.value;
      return result & 0xffffffffu;
    default:
      (void)lane;
      return 0;
  }
}

uint64_t shuffle(const fiber_thread *warp, const warp_request &own, unsigned lane) {
  const auto width = static_cast<unsigned>(own.width);
  const unsigned segment = lane & ~(width - 1);
  const unsigned index = lane & (width - 1);
  unsigned source = lane;
  if (own.operation == warp_operation::shuffle_index) source = segment + (own.argument & (width - 1));
  if (own.operation == warp_operation::shuffle_up && index >= own.argument) source = lane - own.argument;
  if (own.operation == warp_operation::shuffle_down && index + own.argument < width)
    source = lane + own.argument;
  if (own.operation == warp_operation::shuffle_xor && (lane ^ own.argument) < segment + width)
    source = lane ^ own.argument;
  /* A lane outside the mask has no value to give. */
  if ((own.mask >> (source & (lanes - 1)) & 1u) == 0) return undefined_value();
  return warp[source].request.value;
}

bool is_shuffle(warp_operation operation) {
  return operation == warp_operation::shuffle_index || operation == warp_operation::shuffle_up ||
         operation == warp_operation::shuffle_down || operation == warp_operation::shuffle_xor;
}

/* __syncwarp orders what its lanes did before against what they do after; shuffles and votes do not. */
void join_clocks(unsigned first, uint32_t mask) {
  auto &clock = machine.clock[first / lanes];
  uint32_t joined[lanes] = {};
  for (unsigned lane = 0; lane < lanes; lane++) {
    if ((mask >> lane & 1u) == 0) continue;
    clock[lane][lane] = machine.step;
    for (unsigned other = 0; other < lanes; other++)
      if (clock[lane][other] > joined[other]) joined[other] = clock[lane][other];
  }
  for (unsigned lane = 0; lane < lanes; lane++) {
    if ((mask >> lane & 1u) == 0) continue;
    for (unsigned other = 0; other < lanes; other++) clock[lane][other] = joined[other];
  }
  machine.step++;
}

[[noreturn]] void report_lane(unsigned lane, const warp_request &own, const site &at,
                              const std::string &why) {
  report(breach::divergent_warp,
         "lane " + std::to_string(lane) + " is in the mask " + hex(own.mask) + " of " + place(at) + " but " +
             why,
         nullptr);
}

/* True when every lane of the mask waits with the same request; a lane that never can is an error. */
bool all_have_come(unsigned first, unsigned lane, const site &at) {
  const warp_request &own = machine.threads[first + lane].request;
  bool complete = true;
  for (uint32_t rest = own.mask & ~(1u << lane); rest != 0; rest &= rest - 1) {
    const auto other = static_cast<unsigned>(__builtin_ctz(rest));
    const unsigned index = first + other;
    if (index >= machine.thread_count) report_lane(other, own, at, "the block has no such thread");
    const fiber_thread &thread = machine.threads[index];
    if (thread.state == thread_state::done) report_lane(other, own, at, "has returned");
    if (thread.state != thread_state::at_warp_operation) {
      complete = false;
      continue;
    }
    const warp_request &theirs = thread.request;
    const bool same = theirs.mask == own.mask && theirs.operation == own.operation &&
                      theirs.width == own.width && thread.waits_at.line == at.line;
    if (same) continue;
    /* It waits for this lane elsewhere: neither can ever go on. */
    if ((theirs.mask >> lane & 1u) != 0)
      report_lane(other, own, at,
                  "waits for this lane at " + place(thread.waits_at) + " with mask " + hex(theirs.mask));
    complete = false;
  }
  return complete;
}

}  // namespace

uint64_t warp_collective(warp_operation operation, uint32_t mask, uint64_t value, uint32_t argument,
                         int width, const char *file, int line) {
  const shim_scope scope;
  const site at{file, line};
  const unsigned lane = machine.current % lanes;
  const unsigned first = machine.current - lane;
  if ((mask >> lane & 1u) == 0)
    report(breach::divergent_warp,
           "calls " + place(at) + " with the mask " + hex(mask) + ", which lacks its lane", nullptr);
  if (width <= 0 || width > 32 || (width & (width - 1)) != 0)
    report(breach::undefined, "the width of " + place(at) + " is no power of two up to 32", nullptr);
  fiber_thread &own = machine.threads[machine.current];
  own.request = {operation, mask, value, argument, width};
  own.waits_at = at;
  if (!all_have_come(first, lane, at)) {
    own.state = thread_state::at_warp_operation;
    yield();
    return own.result;
  }
  fiber_thread *warp = machine.threads + first;
  for (unsigned other = 0; other < lanes; other++) {
    if ((mask >> other & 1u) == 0) continue;
    fiber_thread &thread = warp[other];
    thread.result =
        is_shuffle(operation) ? shuffle(warp, thread.request, other) : reduce(warp, thread.request, other);
    thread.state = thread_state::ready;
  }
  if (operation == warp_operation::synchronise) join_clocks(first, mask);
  return own.result;
}

void leave_warp() {
  const unsigned lane = machine.current % lanes;
  const unsigned first = machine.current - lane;
  for (unsigned other = 0; other < lanes && first + other < machine.thread_count; other++) {
    const fiber_thread &thread = machine.threads[first + other];
    if (thread.state != thread_state::at_warp_operation || (thread.request.mask >> lane & 1u) == 0) continue;
    report_lane(lane, thread.request, thread.waits_at, "has returned");
  }
}

void complete_barrier() {
  if (machine.at_barrier == 0 || machine.at_barrier + machine.done < machine.thread_count) return;
  const fiber_thread *one = nullptr;
  for (unsigned i = 0; i < machine.thread_count; i++) {
    fiber_thread &thread = machine.threads[i];
    if (thread.state != thread_state::at_barrier) continue;
    if (one == nullptr) one = &thread;
    if (thread.waits_at.line != one->waits_at.line)
      report(breach::divergent_barrier,
             thread_text(i) + " is at __syncthreads " + place(thread.waits_at) + " while another is at " +
                 place(one->waits_at),
             nullptr);
  }
  for (unsigned i = 0; i < machine.thread_count; i++) {
    fiber_thread &thread = machine.threads[i];
    if (thread.state != thread_state::at_barrier) continue;
    thread.state = thread_state::ready;
    thread.result = machine.barrier_sum;
  }
  machine.at_barrier = 0;
  machine.barrier_sum = 0;
  machine.barrier_step = machine.step++;
}

uint32_t block_barrier(uint32_t value, const char *file, int line) {
  const shim_scope scope;
  fiber_thread &own = machine.threads[machine.current];
  own.waits_at = {file, line};
  own.state = thread_state::at_barrier;
  machine.at_barrier++;
  machine.barrier_sum += value;
  complete_barrier();
  if (own.state == thread_state::at_barrier) yield();
  return static_cast<uint32_t>(own.result);
}

}  // namespace simt
