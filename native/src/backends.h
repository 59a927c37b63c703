/* Scoring libraries: the CPU's, which is part of the addon, and others that are opened from files. */
#ifndef TRIPTYCH_BACKENDS_H
#define TRIPTYCH_BACKENDS_H

#include <cstdint>

#include "problem.h"
#include "triptych/backend.h"

namespace triptych {

/* Pairs of library and variant that one process may use. */
constexpr uint32_t backends_max = 16;

/*
 * Finds or adds a library with a variant, for the whole process.
 * @param path of a shared object that exports tp_backend_entry; empty: the CPU library
 * @return its number; -1 and `problem` set where there is no such library or no room
 */
int32_t find_backend(const char *path, const char *variant, Problem &problem);
const tp_backend_api *backend_api(uint32_t number);
bool backend_exists(uint32_t number);

/* One thread's instances, opened at their first use. */
class Instances {
 public:
  Instances() = default;
  ~Instances();
  Instances(const Instances &) = delete;
  Instances &operator=(const Instances &) = delete;

  /* Null and `problem` set where it cannot be opened. */
  tp_backend *get(uint32_t number, Problem &problem);

 private:
  tp_backend *instances_[backends_max] = {};
};

}  // namespace triptych

#endif
