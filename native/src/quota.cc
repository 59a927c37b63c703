#include "quota.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace triptych {

namespace {

uint32_t processors() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
    return (uint32_t)CPU_COUNT(&allowed);
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

/* quota / period of both files' first numbers; 0 where there is none. */
double ratio_of(const char *quota_path, const char *period_path) {
  double quota = 0;
  double period = 0;
  std::FILE *file = std::fopen(quota_path, "re");
  if (file == nullptr) return 0;
  const bool both = period_path == nullptr;
  /* "max 100000" has no number first. */
  const int found = both ? std::fscanf(file, "%lf %lf", &quota, &period) : std::fscanf(file, "%lf", &quota);
  std::fclose(file);
  if (found < (both ? 2 : 1) || quota <= 0) return 0;
  if (!both) {
    file = std::fopen(period_path, "re");
    if (file == nullptr) return 0;
    const int read = std::fscanf(file, "%lf", &period);
    std::fclose(file);
    if (read < 1) return 0;
  }
  return period > 0 ? quota / period : 0;
}

}  // namespace

uint32_t cpu_quota() {
  double quota = ratio_of("/sys/fs/cgroup/cpu.max", nullptr);
  if (quota <= 0)
    quota = ratio_of("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  const uint32_t there = processors();
  if (quota <= 0 || quota >= there) return there;
  return std::max(1u, (uint32_t)std::ceil(quota));
}

}  // namespace triptych
