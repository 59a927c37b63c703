/* How many processors this process may use. */
#ifndef TRIPTYCH_QUOTA_H
#define TRIPTYCH_QUOTA_H

#include <cstdint>

namespace triptych {

/* The control group's quota (version 2, else 1) rounded up, else the processors that the process may run on;
 * >= 1. */
uint32_t cpu_quota();

}  // namespace triptych

#endif
