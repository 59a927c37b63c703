/* The schedules that kernels are run under: what they compute must not depend on which. */
#ifndef TRIPTYCH_SHIM_SCHEDULES_H
#define TRIPTYCH_SHIM_SCHEDULES_H

#include "simt.h"

constexpr simt::schedule all_schedules[] = {
    {simt::thread_order::forward, 1}, {simt::thread_order::backward, 2}, {simt::thread_order::shuffled, 3}};

inline const char *order_name(simt::thread_order order) {
  return order == simt::thread_order::forward    ? "forward"
         : order == simt::thread_order::backward ? "backward"
                                                 : "shuffled";
}

#endif
