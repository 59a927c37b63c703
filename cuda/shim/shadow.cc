#include "shadow.h"

namespace simt {

namespace {

/* Of another block: ordered only if that block published it and this one has looked. */
bool published(uint32_t step) {
  if (!machine.acquired) return false;
  size_t block = machine.block_steps.size();
  while (block > 0 && machine.block_steps[block - 1] >= step) block--;
  return block > 0 && step <= machine.published_steps[block - 1];
}

bool ordered(const touch &earlier) {
  if (earlier.step <= machine.launch_step) return true;
  if (earlier.step <= machine.block_step) return published(earlier.step);
  if (earlier.step <= machine.barrier_step || earlier.thread == machine.current) return true;
  const unsigned own = machine.current;
  if (earlier.thread / lanes != own / lanes) return false;
  return earlier.step <= machine.clock[own / lanes][own % lanes][earlier.thread % lanes];
}

void note_read(shadow_cell &cell, const touch &now) {
  touch &last = cell.reads[0];
  if (last.step != 0 && last.thread != now.thread) {
    cell.reads[1] = last;
    if (last.thread / lanes != now.thread / lanes) cell.reads[2] = last;
  }
  last = now;
}

}  // namespace

const char *note_access(shadow_cell &cell, access_kind kind, touch &other) {
  const bool atomic = kind == access_kind::atomic;
  const touch now{machine.step, static_cast<uint16_t>(machine.current), static_cast<uint16_t>(atomic)};
  if (cell.write.step != 0 && !(atomic && cell.write.atomic != 0) && !ordered(cell.write)) {
    other = cell.write;
    return kind == access_kind::read ? "reads what" : "writes what";
  }
  if (kind == access_kind::read) {
    note_read(cell, now);
    return nullptr;
  }
  for (const touch &read : cell.reads) {
    if (read.step == 0 || ordered(read)) continue;
    other = read;
    return "overwrites what";
  }
  cell.write = now;
  return nullptr;
}

}  // namespace simt
