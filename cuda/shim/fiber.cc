#include "fiber.h"

#include <sys/mman.h>
#include <stdexcept>
#if !defined(__x86_64__)
#include <ucontext.h>
#include <memory>
#include <vector>
#endif

namespace simt {

namespace {
constexpr size_t guard_bytes = 4096;
}

void fiber_stacks::reserve(unsigned count) {
  if (count <= count_) return;
  if (low_ != 0) munmap(reinterpret_cast<void *>(low_), count_ * stack_bytes);
  void *memory = mmap(nullptr, count * stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory for the stacks of a block");
  low_ = reinterpret_cast<uintptr_t>(memory);
  count_ = count;
  for (unsigned i = 0; i < count; i++) mprotect(reinterpret_cast<void *>(low(i)), guard_bytes, PROT_NONE);
}

#if defined(__x86_64__)

/* Callee-saved registers of the System V ABI live on the stack while a fiber is suspended. */
asm(R"(
.text
.p2align 4
.type simt_switch_x86_64,@function
simt_switch_x86_64:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simt_switch_x86_64, .-simt_switch_x86_64
)");
extern "C" void simt_switch_x86_64(void **from, void *to);

continuation fiber_stacks::begin(unsigned index, void (*entry)()) {
  auto *top = reinterpret_cast<void **>(low(index) + stack_bytes);
  /* As if entry had been called: the stack pointer is 8 below a multiple of 16. */
  *--top = nullptr;
  *--top = reinterpret_cast<void *>(entry);
  for (int saved = 0; saved < 6; saved++) *--top = nullptr;
  return {top};
}

void switch_to(continuation &from, const continuation &to) {
  simt_switch_x86_64(&from.stack_pointer, to.stack_pointer);
}

#else

/* Elsewhere the C library's contexts: the same behaviour, a system call dearer per switch. */
namespace {
ucontext_t *context_of(const continuation &fiber) { return static_cast<ucontext_t *>(fiber.stack_pointer); }
std::vector<std::unique_ptr<ucontext_t> > contexts;
}  // namespace

continuation fiber_stacks::begin(unsigned index, void (*entry)()) {
  if (contexts.size() <= index) contexts.resize(index + 1);
  if (contexts[index] == nullptr) contexts[index] = std::make_unique<ucontext_t>();
  ucontext_t *context = contexts[index].get();
  getcontext(context);
  context->uc_stack.ss_sp = reinterpret_cast<void *>(low(index) + guard_bytes);
  context->uc_stack.ss_size = stack_bytes - guard_bytes;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return {context};
}

void switch_to(continuation &from, const continuation &to) {
  static ucontext_t scheduler;
  if (from.stack_pointer == nullptr) from.stack_pointer = &scheduler;
  swapcontext(context_of(from), context_of(to));
}

#endif

}  // namespace simt
