/* One stack per CUDA thread, and the switch between them: the cheapest way to stop a thread at a barrier. */
#ifndef TRIPTYCH_SIMT_FIBER_H
#define TRIPTYCH_SIMT_FIBER_H

#include <stddef.h>
#include <stdint.h>

namespace simt {

/* Bytes of a fiber's stack, with a guard page below it. */
constexpr size_t stack_bytes = 64 * 1024;

/* Where a suspended fiber goes on. */
struct continuation {
  void *stack_pointer = nullptr;
};

/* Stacks for up to `count` fibers, reused by every block; grows, never shrinks. */
class fiber_stacks {
 public:
  void reserve(unsigned count);
  /* A fiber that begins in entry() with the stack of `index`; entry must not return. */
  continuation begin(unsigned index, void (*entry)());
  uintptr_t low(unsigned index) const { return low_ + index * stack_bytes; }
  uintptr_t span() const { return count_ * stack_bytes; }

 private:
  uintptr_t low_ = 0;
  unsigned count_ = 0;
};

/* Saves the running context in `from` and goes on with `to`. */
void switch_to(continuation &from, const continuation &to);

}  // namespace simt

#endif
