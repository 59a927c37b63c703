/* The check of one load or store of a kernel, and what the kinds of memory offer to it. */
#ifndef TRIPTYCH_SIMT_ACCESS_H
#define TRIPTYCH_SIMT_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "shadow.h"

namespace simt {

/* Reports where the current thread may not do that; `from`: the instruction's address. */
void check_access(uintptr_t address, size_t bytes, access_kind kind, const void *from);

bool shared_holds(uintptr_t address);
void check_shared(uintptr_t address, size_t bytes, access_kind kind, const void *from);

/* The array beside a page without rights; 0: none. */
uint16_t nearest_allocation(uintptr_t address);

/* What unwritten memory holds: a signalling NaN as f32, another under every seed. */
uint32_t poison_word();

}  // namespace simt

#endif
