#include "allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

#ifdef TRIPTYCH_SANITIZED

namespace triptych {
int64_t allocations() { return -1; }
}  // namespace triptych

#else

namespace {

std::atomic<int64_t> count{0};

void *counted(std::size_t bytes) {
  count.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}

void *counted_or_throw(std::size_t bytes) {
  void *memory = counted(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

/*
 * Hidden, so that they serve this library alone. What the C++ library allocates for us with its own operators
 * may end here and the other way round: both are malloc and free.
 */
void *operator new(std::size_t bytes) { return counted_or_throw(bytes); }
void *operator new[](std::size_t bytes) { return counted_or_throw(bytes); }
void *operator new(std::size_t bytes, const std::nothrow_t &) noexcept { return counted(bytes); }
void *operator new[](std::size_t bytes, const std::nothrow_t &) noexcept { return counted(bytes); }
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { std::free(memory); }

namespace triptych {
int64_t allocations() { return count.load(std::memory_order_relaxed); }
}  // namespace triptych

#endif
