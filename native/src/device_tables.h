/*
 * Copies of tables that a backend keeps elsewhere (a GPU): made and dropped on a thread of their own, so
 * that an upload holds up neither the event loop nor the pool.
 */
#ifndef TRIPTYCH_DEVICE_TABLES_H
#define TRIPTYCH_DEVICE_TABLES_H

#include "calls.h"

namespace triptych {

/* Uploads that one environment may have waiting. */
constexpr uint32_t uploads_max = 64;

Napi::Value table_sync_async(const Info &info);
Napi::Value table_drop_async(const Info &info);

}  // namespace triptych

#endif
