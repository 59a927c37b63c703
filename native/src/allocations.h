/* C++ allocations of the addon's own code, counted to prove that calls make none. */
#ifndef TRIPTYCH_ALLOCATIONS_H
#define TRIPTYCH_ALLOCATIONS_H

#include <cstdint>

namespace triptych {

/* Since the process began; -1 in builds that leave counting to a sanitizer. */
int64_t allocations();

}  // namespace triptych

#endif
