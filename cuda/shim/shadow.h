/* Who touched a byte (or word) last, and when: how races and unwritten reads are found. */
#ifndef TRIPTYCH_SIMT_SHADOW_H
#define TRIPTYCH_SIMT_SHADOW_H

#include <stdint.h>
#include <string>

#include "machine.h"

namespace simt {

enum class access_kind : uint8_t { read, write, atomic };

struct touch {
  uint32_t step;
  uint16_t thread;
  uint16_t atomic;
};

/*
 * The last write and three reads: the last one, the last one of another thread, and the last one of another
 * warp. A write after reads of more threads of one warp than these can be missed; another schedule finds it.
 */
struct shadow_cell {
  touch write;
  touch reads[3];
};

/* Notes an access; the name of the race that it makes with an earlier one, or null. `other`: the earlier one.
 */
const char *note_access(shadow_cell &cell, access_kind kind, touch &other);

}  // namespace simt

#endif
