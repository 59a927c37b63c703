/* Read-modify-write of one word: plain here, because fibers never run at the same time. */
#include <string.h>

#include "access.h"
#include "machine.h"

namespace simt {

namespace {

template <class T>
T combine(atomic_operation operation, T before, T value, T compared) {
  switch (operation) {
    case atomic_operation::add:
      return static_cast<T>(before + value);
    case atomic_operation::maximum:
      return before > value ? before : value;
    case atomic_operation::minimum:
      return before < value ? before : value;
    case atomic_operation::exchange:
      return value;
    case atomic_operation::compare_exchange:
      return before == compared ? value : before;
    default:
      return before;
  }
}

template <class T>
uint64_t update(atomic_operation operation, void *address, uint64_t value, uint64_t compared) {
  T before, operand, expected;
  memcpy(&before, address, sizeof before);
  memcpy(&operand, &value, sizeof operand);
  memcpy(&expected, &compared, sizeof expected);
  T after = combine(operation, before, operand, expected);
  if constexpr (!std::is_same_v<T, float>) {
    if (operation == atomic_operation::bit_and) after = before & operand;
    if (operation == atomic_operation::bit_or) after = before | operand;
  }
  memcpy(address, &after, sizeof after);
  uint64_t bits = 0;
  memcpy(&bits, &before, sizeof before);
  return bits;
}

size_t size_of(atomic_type type) { return type == atomic_type::u64 ? 8 : 4; }

}  // namespace

uint64_t atomic_update(atomic_operation operation, atomic_type type, void *address, uint64_t value,
                       uint64_t compared, const void *from) {
  const shim_scope scope;
  /* Another thread may come first. */
  if (machine.how.order == thread_order::shuffled && random_below(4) == 0) yield();
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at % size_of(type) != 0)
    report(breach::misaligned, "an atomic at an address that is not a multiple of its size", from);
  check_access(at, size_of(type), access_kind::atomic, from);
  if (!shared_holds(at)) {
    if (machine.fence_step > machine.published_steps.back())
      machine.published_steps.back() = machine.fence_step;
    machine.acquired = true;
  }
  switch (type) {
    case atomic_type::i32:
      return update<int32_t>(operation, address, value, compared);
    case atomic_type::u32:
      return update<uint32_t>(operation, address, value, compared);
    case atomic_type::u64:
      return update<uint64_t>(operation, address, value, compared);
    case atomic_type::f32:
      return update<float>(operation, address, value, compared);
  }
  return 0;
}

void device_fence() { machine.fence_step = machine.step++; }

}  // namespace simt
