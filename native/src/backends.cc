#include "backends.h"

#include <atomic>
#include <mutex>
#include <string>

#if defined(__linux__) || defined(__APPLE__)
#include <dlfcn.h>
#define TRIPTYCH_DLOPEN 1
#endif

extern "C" const tp_backend_api *tp_cpu_backend(void);

namespace triptych {

namespace {

struct Library {
  const tp_backend_api *api;
  std::string path;
  std::string variant;
};

/* Entries are only added; `count` is raised after an entry is whole. */
struct Libraries {
  std::mutex mutex;
  Library all[backends_max];
  std::atomic<uint32_t> count{0};
};

/* Never destroyed: threads may use it until the process ends. */
Libraries &libraries() {
  static Libraries *all = new Libraries;
  return *all;
}

const tp_backend_api *open_library(const char *path, Problem &problem) {
#ifdef TRIPTYCH_DLOPEN
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char *reason = dlerror();
    problem.set(codes::unavailable, "library", "%s", reason == nullptr ? "cannot be opened" : reason);
    return nullptr;
  }
  /* It stays open: its threads and device state end with the process. */
  const auto entry = reinterpret_cast<tp_backend_entry_fn>(dlsym(library, "tp_backend_entry"));
  if (entry == nullptr) {
    problem.set(codes::unavailable, "library", "%s exports no tp_backend_entry", path);
    return nullptr;
  }
  return entry();
#else
  problem.set(codes::unavailable, "library", "%s: this system opens no libraries", path);
  return nullptr;
#endif
}

}  // namespace

int32_t find_backend(const char *path, const char *variant, Problem &problem) {
  Libraries &known = libraries();
  const std::lock_guard<std::mutex> lock(known.mutex);
  const uint32_t count = known.count.load();
  for (uint32_t i = 0; i < count; i++)
    if (known.all[i].path == path && known.all[i].variant == variant) return (int32_t)i;
  if (count == backends_max) {
    problem.set(codes::too_large, "library", "%u backends are open already", count);
    return -1;
  }
  const tp_backend_api *api = path[0] == '\0' ? tp_cpu_backend() : open_library(path, problem);
  if (api == nullptr) return -1;
  if (api->abi_version != TP_ABI_VERSION) {
    problem.set(codes::unavailable, "library", "has version %u of the interface, not %u", api->abi_version,
                TP_ABI_VERSION);
    return -1;
  }
  known.all[count] = {api, path, variant};
  known.count.store(count + 1);
  return (int32_t)count;
}

bool backend_exists(uint32_t number) { return number < libraries().count.load(); }

const tp_backend_api *backend_api(uint32_t number) { return libraries().all[number].api; }

Instances::~Instances() {
  for (uint32_t i = 0; i < backends_max; i++)
    if (instances_[i] != nullptr) backend_api(i)->close(instances_[i]);
}

tp_backend *Instances::get(uint32_t number, Problem &problem) {
  if (instances_[number] != nullptr) return instances_[number];
  const Library &library = libraries().all[number];
  const tp_options options = {library.variant.c_str()};
  char reason[200] = "";
  tp_backend *opened = nullptr;
  const tp_status status = library.api->open(&options, &opened, reason, sizeof reason);
  if (status != TP_OK) {
    problem.set_status(status, "variant", reason);
    return nullptr;
  }
  instances_[number] = opened;
  return opened;
}

}  // namespace triptych
