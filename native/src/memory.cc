#include "memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#if defined(__linux__) || defined(__APPLE__)
#include <sys/mman.h>
#define TRIPTYCH_MMAP 1
#endif

namespace triptych {

namespace {

constexpr size_t line_bytes = 64;
constexpr size_t huge_page_bytes = (size_t)2 << 20;

/* Blocks of the whole process by address: worker threads share the memory of the addon. */
struct Register {
  std::mutex mutex;
  std::map<uintptr_t, std::weak_ptr<Memory>> blocks;
};

/* Never destroyed: finalizers may run after static objects are gone. */
Register &registered() {
  static Register *all = new Register;
  return *all;
}

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

#ifdef TRIPTYCH_MMAP
/* Pages that begin at a multiple of 2 MiB; null where there is no room. */
void *map_huge(size_t bytes) {
  const size_t wanted = bytes + huge_page_bytes;
  void *start = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  const uintptr_t from = reinterpret_cast<uintptr_t>(start);
  const uintptr_t aligned = rounded(from, huge_page_bytes);
  if (aligned > from) munmap(start, aligned - from);
  const uintptr_t end = from + wanted;
  if (end > aligned + bytes) munmap(reinterpret_cast<void *>(aligned + bytes), end - aligned - bytes);
#ifdef MADV_HUGEPAGE
  /* Advice: where the system refuses, ordinary pages serve. */
  madvise(reinterpret_cast<void *>(aligned), bytes, MADV_HUGEPAGE);
#endif
  return reinterpret_cast<void *>(aligned);
}
#endif

}  // namespace

std::shared_ptr<Memory> Memory::allocate(size_t bytes) {
  if (bytes == 0 || bytes > SIZE_MAX / 2) return nullptr;
  void *data = nullptr;
  size_t mapped = 0;
#ifdef TRIPTYCH_MMAP
  if (bytes >= huge_page_bytes) {
    mapped = rounded(bytes, huge_page_bytes);
    data = map_huge(mapped);
  } else
#endif
  {
    data = std::aligned_alloc(line_bytes, rounded(bytes, line_bytes));
    if (data != nullptr) std::memset(data, 0, bytes);
  }
  if (data == nullptr) return nullptr;
  std::shared_ptr<Memory> block(new Memory(data, bytes, mapped));
  Register &all = registered();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.blocks[reinterpret_cast<uintptr_t>(data)] = block;
  return block;
}

std::shared_ptr<Memory> Memory::find(const void *address) {
  const uintptr_t at = reinterpret_cast<uintptr_t>(address);
  Register &all = registered();
  const std::lock_guard<std::mutex> lock(all.mutex);
  auto after = all.blocks.upper_bound(at);
  if (after == all.blocks.begin()) return nullptr;
  const auto entry = std::prev(after);
  std::shared_ptr<Memory> block = entry->second.lock();
  return block != nullptr && at - entry->first < block->bytes() ? block : nullptr;
}

Memory::~Memory() {
  {
    Register &all = registered();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.blocks.erase(reinterpret_cast<uintptr_t>(data_));
  }
#ifdef TRIPTYCH_MMAP
  if (mapped_bytes_ > 0) {
    munmap(data_, mapped_bytes_);
    return;
  }
#endif
  std::free(data_);
}

}  // namespace triptych
