/* Static shared memory: arrays of the running block, apart from each other, new and unwritten for every
 * block. */
#include <string.h>
#include <sys/mman.h>

#include "access.h"
#include "machine.h"

namespace simt {

namespace {

constexpr size_t shared_bytes_max = 48 * 1024;
constexpr size_t arrays_max = 64;
/* Bytes without an owner between arrays: an index that leaves one does not land in the next. */
constexpr size_t gap_bytes = 256;
constexpr size_t arena_bytes = shared_bytes_max + arrays_max * 2 * gap_bytes;

struct shared_memory_array {
  const void *key;
  const char *name;
  size_t low;
  size_t bytes;
  /* A cell of the shadow covers 4 bytes of arrays whose elements are aligned to that, else 1. */
  size_t grain_shift;
};

alignas(4096) uint8_t arena[arena_bytes];
/* Number of the array that a byte belongs to, from 1 on; 0: none. */
uint8_t owner[arena_bytes];
shadow_cell shadow[arena_bytes];
shared_memory_array arrays[arrays_max + 1];
size_t array_count = 0;
size_t used_to = 0;
size_t bytes_in_use = 0;

std::string described(size_t offset, size_t bytes) {
  size_t nearest = 1;
  for (size_t i = 1; i <= array_count; i++)
    if (arrays[i].low <= offset + gap_bytes / 2) nearest = i;
  if (array_count == 0) return "shared memory before any array of this block";
  const shared_memory_array &array = arrays[nearest];
  return std::to_string(bytes) + " bytes at offset " +
         std::to_string(static_cast<long long>(offset) - static_cast<long long>(array.low)) + " of shared " +
         array.name + " (" + std::to_string(array.bytes) + " bytes)";
}

}  // namespace

void reset_shared_memory() {
  memset(owner, 0, used_to);
  array_count = used_to = bytes_in_use = 0;
}

void *shared_array(const void *key, size_t bytes, size_t alignment, const char *name) {
  const shim_scope scope;
  for (size_t i = 1; i <= array_count; i++)
    if (arrays[i].key == key) return arena + arrays[i].low;
  bytes_in_use += bytes;
  if (array_count == arrays_max || bytes_in_use > shared_bytes_max)
    report(breach::launch,
           "has " + std::to_string(bytes_in_use) + " bytes of static shared memory, more than 49152",
           nullptr);
  size_t low = (used_to + gap_bytes + alignment - 1) / alignment * alignment;
  /* Aligned as its type and no better, so that wider loads from it are seen. */
  if (low % (2 * alignment) == 0) low += alignment;
  array_count++;
  arrays[array_count] = {key, name, low, bytes, alignment >= 4 ? size_t{2} : size_t{0}};
  memset(owner + low, static_cast<int>(array_count), bytes);
  const uint32_t poison = poison_word();
  for (size_t i = 0; i < bytes; i++)
    arena[low + i] = reinterpret_cast<const uint8_t *>(&poison)[i % sizeof poison];
  used_to = low + bytes;
  return arena + low;
}

bool shared_holds(uintptr_t address) { return address - reinterpret_cast<uintptr_t>(arena) < arena_bytes; }

void check_shared(uintptr_t address, size_t bytes, access_kind kind, const void *from) {
  const size_t offset = address - reinterpret_cast<uintptr_t>(arena);
  const bool reads = kind == access_kind::read;
  if (offset + bytes > arena_bytes || owner[offset] == 0 || owner[offset] != owner[offset + bytes - 1])
    report(breach::out_of_bounds, (reads ? "reads " : "writes ") + described(offset, bytes), from);
  const shared_memory_array &array = arrays[owner[offset]];
  shadow_cell *cells = shadow + array.low;
  const size_t first = (offset - array.low) >> array.grain_shift;
  const size_t last = (offset - array.low + bytes - 1) >> array.grain_shift;
  for (size_t i = first; i <= last; i++) {
    shadow_cell &cell = cells[i];
    if (kind != access_kind::write && cell.write.step <= machine.block_step)
      report(breach::uninitialised,
             "reads " + described(offset, bytes) + ", which no thread of the block wrote", from);
    /* What earlier blocks did is over. */
    if (cell.write.step <= machine.block_step) cell.write.step = 0;
    for (touch &read : cell.reads)
      if (read.step <= machine.block_step) read.step = 0;
    touch other;
    const char *race = note_access(cell, kind, other);
    if (race != nullptr)
      report(breach::shared_race,
             std::string(race) + " " + thread_text(other.thread) +
                 " used without a barrier between: " + described(offset, bytes),
             from);
  }
}

}  // namespace simt
