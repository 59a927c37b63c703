/*
 * Kernels are compiled with -fsanitize=thread,alignment,bounds,shift but linked without the sanitizers'
 * libraries: the compiler then calls these functions at every load and store, and the shim checks the access.
 */
#include <string>

#include "access.h"
#include "machine.h"

namespace {

void note(const void *address, size_t bytes, simt::access_kind kind, const void *from) {
  if (!simt::machine.running || simt::machine.inside) return;
  const simt::shim_scope scope;
  simt::check_access(reinterpret_cast<uintptr_t>(address), bytes, kind, from);
}

void fail(simt::breach kind, const std::string &text, const void *from) {
  if (!simt::machine.running || simt::machine.inside) return;
  const simt::shim_scope scope;
  simt::report(kind, text, from);
}

}  // namespace

#define TP_SIMT_HOOKS(bytes)                                                \
  void __tsan_read##bytes(void *at) {                                       \
    note(at, bytes, simt::access_kind::read, __builtin_return_address(0));  \
  }                                                                         \
  void __tsan_write##bytes(void *at) {                                      \
    note(at, bytes, simt::access_kind::write, __builtin_return_address(0)); \
  }                                                                         \
  void __tsan_unaligned_read##bytes(void *at) {                             \
    note(at, bytes, simt::access_kind::read, __builtin_return_address(0));  \
  }                                                                         \
  void __tsan_unaligned_write##bytes(void *at) {                            \
    note(at, bytes, simt::access_kind::write, __builtin_return_address(0)); \
  }                                                                         \
  void __tsan_volatile_read##bytes(void *at) {                              \
    note(at, bytes, simt::access_kind::read, __builtin_return_address(0));  \
  }                                                                         \
  void __tsan_volatile_write##bytes(void *at) {                             \
    note(at, bytes, simt::access_kind::write, __builtin_return_address(0)); \
  }

extern "C" {

TP_SIMT_HOOKS(1)
TP_SIMT_HOOKS(2)
TP_SIMT_HOOKS(4)
TP_SIMT_HOOKS(8)
TP_SIMT_HOOKS(16)

void __tsan_read_range(void *at, size_t bytes) {
  note(at, bytes, simt::access_kind::read, __builtin_return_address(0));
}
void __tsan_write_range(void *at, size_t bytes) {
  note(at, bytes, simt::access_kind::write, __builtin_return_address(0));
}
void __tsan_init() {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit(void *) {}
void __tsan_vptr_update(void *, void *) {}

/* A pointer that is dereferenced: wrong alignment, or null. */
void __ubsan_handle_type_mismatch_v1(void *, void *pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  fail(simt::breach::misaligned,
       "a load or store at an address that its type does not allow (ends in " +
           std::to_string(address & 0xff) + " of 256)",
       __builtin_return_address(0));
}
void __ubsan_handle_out_of_bounds(void *, void *index) {
  fail(simt::breach::out_of_bounds,
       "index " + std::to_string(reinterpret_cast<intptr_t>(index)) + " is outside its array",
       __builtin_return_address(0));
}
void __ubsan_handle_shift_out_of_bounds(void *, void *, void *) {
  fail(simt::breach::undefined, "shifts by more bits than there are", __builtin_return_address(0));
}

}  // extern "C"

#undef TP_SIMT_HOOKS
