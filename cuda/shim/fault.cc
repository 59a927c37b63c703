#include "fault.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <unistd.h>

namespace simt {

const char *breach_name(breach kind) {
  switch (kind) {
    case breach::launch:
      return "launch";
    case breach::divergent_barrier:
      return "divergent barrier";
    case breach::divergent_warp:
      return "divergent warp operation";
    case breach::shared_race:
      return "shared memory race";
    case breach::global_race:
      return "device memory race";
    case breach::uninitialised:
      return "uninitialised read";
    case breach::out_of_bounds:
      return "out of bounds";
    case breach::misaligned:
      return "misaligned";
    case breach::endless:
      return "endless";
    case breach::read_only:
      return "write to read-only memory";
    case breach::undefined:
      return "undefined";
  }
  return "unknown";
}

std::string source_line(const void *address) {
  char text[512];
  snprintf(text, sizeof text, "%p", address);
  const std::string fallback = text;
  Dl_info info;
  char program[256];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0 || dladdr(address, &info) == 0) return fallback;
  program[length] = 0;
  const auto *header = static_cast<const Elf64_Ehdr *>(info.dli_fbase);
  const auto base = header->e_type == ET_DYN ? reinterpret_cast<uintptr_t>(info.dli_fbase) : 0;
  /* A return address is one past the call. */
  const uintptr_t offset = reinterpret_cast<uintptr_t>(address) - base - 1;
  snprintf(text, sizeof text, "addr2line -e '%s' %#lx 2>/dev/null", program,
           static_cast<unsigned long>(offset));
  FILE *pipe = popen(text, "r");
  if (pipe == nullptr) return fallback;
  const bool read = fgets(text, sizeof text, pipe) != nullptr;
  pclose(pipe);
  if (!read || text[0] == '?') return fallback;
  std::string line = text;
  while (!line.empty() && (line.back() == '\n')) line.pop_back();
  return line.substr(0, line.find(" ("));
}

}  // namespace simt
