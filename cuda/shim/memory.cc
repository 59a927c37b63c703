/* The address space that kernels may see, and the check of every load and store against it. */
#include "memory.h"

#include <sys/mman.h>
#include <stdexcept>

#include "access.h"
#include "shadow.h"

/* The program's own image: constant tables are in it. */
extern "C" char __executable_start;
extern "C" char end;

namespace simt {

namespace {

constexpr size_t page_bytes = 4096;
constexpr size_t arena_bytes = 8ull << 30;
constexpr size_t allocations_max = 60000;

struct allocation {
  std::string name;
  uintptr_t low;
  size_t bytes;
  size_t grain_shift;
  rights allowed;
  shadow_cell *shadow;
  size_t shadow_bytes;
  size_t first_page;
  size_t pages;
};

struct device_memory {
  uintptr_t low = 0;
  size_t pages_used = 0;
  std::vector<allocation> allocations;
  std::vector<uint16_t> free_numbers;
  /* Number of the allocation that a page belongs to; 0: none. */
  std::vector<uint16_t> owner;
};

device_memory &memory() {
  static device_memory only;
  if (only.low != 0) return only;
  void *reserved = mmap(nullptr, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) throw std::runtime_error("no address space for device memory");
  only.low = reinterpret_cast<uintptr_t>(reserved);
  only.allocations.resize(1);
  only.owner.resize(arena_bytes / page_bytes);
  return only;
}

void *map_zeroed(size_t bytes) {
  void *made =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (made == MAP_FAILED) throw std::runtime_error("no memory");
  return made;
}

void fill_poison(void *memory, size_t bytes) {
  const uint32_t poison = poison_word();
  for (size_t i = 0; i < bytes; i++)
    static_cast<uint8_t *>(memory)[i] = reinterpret_cast<const uint8_t *>(&poison)[i % sizeof poison];
}

std::string verb(access_kind kind) {
  return kind == access_kind::read ? "reads" : kind == access_kind::write ? "writes" : "updates";
}

std::string described(const allocation &array, uintptr_t address, size_t bytes) {
  const auto offset = static_cast<long long>(address) - static_cast<long long>(array.low);
  return std::to_string(bytes) + " bytes at offset " + std::to_string(offset) + " of " + array.name + " (" +
         std::to_string(array.bytes) + " bytes)";
}

void check_device(uintptr_t address, size_t bytes, access_kind kind, const void *from) {
  device_memory &all = memory();
  const uint16_t number = all.owner[(address - all.low) / page_bytes];
  allocation &array = all.allocations[number];
  if (number == 0 || address < array.low || address + bytes > array.low + array.bytes) {
    const uint16_t near = number != 0 ? number : nearest_allocation(address);
    report(breach::out_of_bounds,
           verb(kind) + " " +
               (near == 0 ? "freed device memory" : described(all.allocations[near], address, bytes)),
           from);
  }
  if (array.allowed == rights::input) {
    if (kind != access_kind::read)
      report(breach::read_only, verb(kind) + " " + described(array, address, bytes), from);
    return;
  }
  const size_t first = (address - array.low) >> array.grain_shift;
  const size_t last = (address - array.low + bytes - 1) >> array.grain_shift;
  for (size_t i = first; i <= last; i++) {
    shadow_cell &cell = array.shadow[i];
    if (kind != access_kind::write && array.allowed == rights::output && cell.write.step == 0)
      report(breach::uninitialised, verb(kind) + " " + described(array, address, bytes) + ", never written",
             from);
    touch other;
    const char *race = note_access(cell, kind, other);
    if (race == nullptr) continue;
    const bool same = other.step > machine.block_step;
    report(breach::global_race,
           std::string(race) + " " + (same ? "" : "another block's ") + thread_text(other.thread) +
               " used without order: " + described(array, address, bytes),
           from);
  }
}

}  // namespace

uint16_t nearest_allocation(uintptr_t address) {
  device_memory &all = memory();
  const size_t page = (address - all.low) / page_bytes;
  if (page > 0 && all.owner[page - 1] != 0) return all.owner[page - 1];
  return page + 1 < all.owner.size() ? all.owner[page + 1] : 0;
}

uint32_t poison_word() { return 0x7fa00000u | ((machine.how.seed * 2654435761u) >> 12 | 1u); }

void *allocate_device(const char *name, size_t bytes, size_t grain, rights allowed) {
  device_memory &all = memory();
  const size_t pages = bytes == 0 ? 1 : (bytes + page_bytes - 1) / page_bytes;
  /* A page without rights before and after every array. */
  const size_t first_page = all.pages_used + 1;
  if ((first_page + pages + 1) * page_bytes > arena_bytes)
    throw std::runtime_error("device memory is used up");
  all.pages_used = first_page + pages;
  uint16_t number;
  if (all.free_numbers.empty()) {
    if (all.allocations.size() >= allocations_max) throw std::runtime_error("too many device arrays");
    number = static_cast<uint16_t>(all.allocations.size());
    all.allocations.emplace_back();
  } else {
    number = all.free_numbers.back();
    all.free_numbers.pop_back();
  }
  const uintptr_t low = all.low + first_page * page_bytes;
  mprotect(reinterpret_cast<void *>(low), pages * page_bytes, PROT_READ | PROT_WRITE);
  for (size_t page = first_page; page < first_page + pages; page++) all.owner[page] = number;
  const size_t shift = grain >= 4 ? 2 : grain == 2 ? 1 : 0;
  const size_t shadow_bytes = allowed == rights::input ? 0 : ((bytes >> shift) + 1) * sizeof(shadow_cell);
  auto *shadow = shadow_bytes == 0 ? nullptr : static_cast<shadow_cell *>(map_zeroed(shadow_bytes));
  all.allocations[number] = {name, low, bytes, shift, allowed, shadow, shadow_bytes, first_page, pages};
  fill_poison(reinterpret_cast<void *>(low), pages * page_bytes);
  return reinterpret_cast<void *>(low);
}

void free_device(void *at) {
  device_memory &all = memory();
  const auto low = reinterpret_cast<uintptr_t>(at);
  const size_t first_page = (low - all.low) / page_bytes;
  const uint16_t number = all.owner[first_page];
  allocation &array = all.allocations[number];
  if (array.shadow != nullptr) munmap(array.shadow, array.shadow_bytes);
  madvise(at, array.pages * page_bytes, MADV_DONTNEED);
  mprotect(at, array.pages * page_bytes, PROT_NONE);
  for (size_t page = first_page; page < first_page + array.pages; page++) all.owner[page] = 0;
  array.shadow = nullptr;
  all.free_numbers.push_back(number);
  while (all.pages_used > 0 && all.owner[all.pages_used - 1] == 0) all.pages_used--;
}

bool never_written(const void *at, size_t offset) {
  device_memory &all = memory();
  const auto address = reinterpret_cast<uintptr_t>(at) + offset;
  const allocation &array = all.allocations[all.owner[(address - all.low) / page_bytes]];
  return array.allowed == rights::output && array.shadow[offset >> array.grain_shift].write.step == 0;
}

void check_access(uintptr_t address, size_t bytes, access_kind kind, const void *from) {
  if (bytes == 0) return;
  if (shared_holds(address)) {
    check_shared(address, bytes, kind, from);
    return;
  }
  const uintptr_t arena = memory().low;
  if (address - arena < arena_bytes) {
    check_device(address, bytes, kind, from);
    return;
  }
  const uintptr_t stack = machine.stacks.low(machine.current);
  if (address - stack < stack_bytes) return;
  const bool reads = kind == access_kind::read;
  const auto image = reinterpret_cast<uintptr_t>(&__executable_start);
  if (address - image < reinterpret_cast<uintptr_t>(&end) - image) {
    if (!reads) report(breach::read_only, "writes a static variable of the host", from);
    return;
  }
  if (reads && address - machine.arguments < machine.argument_bytes) return;
  const bool other_stack = address - machine.stacks.low(0) < machine.stacks.span();
  report(
      breach::out_of_bounds,
      verb(kind) + (other_stack ? " a local variable of another thread" : " memory that is not the device's"),
      from);
}

}  // namespace simt
