#include "check.h"

#include <stdio.h>
#include <stdlib.h>

namespace check {

namespace {
unsigned cases = 0;
unsigned failed_cases = 0;
unsigned long checks = 0;
unsigned failures = 0;
}  // namespace

void run_case(const std::string &name, const std::function<void()> &body) {
  cases++;
  const unsigned before = failures;
  try {
    body();
  } catch (const simt::fault &found) {
    fail(name.c_str(), 0, std::string(simt::breach_name(found.kind)) + ": " + found.what());
  } catch (const std::exception &error) {
    fail(name.c_str(), 0, error.what());
  }
  const bool failed = failures > before;
  if (failed) failed_cases++;
  printf("%s %s\n", failed ? "FAILED" : "ok", name.c_str());
  fflush(stdout);
}

void fail(const char *file, int line, const std::string &text) {
  failures++;
  /* The first ones say it all. */
  if (failures <= 20) printf("  %s:%d %s\n", file, line, text.c_str());
  /* For mutants.mjs: one failure is enough. */
  if (getenv("TRIPTYCH_SHIM_STOP") == nullptr) return;
  fflush(stdout);
  _Exit(1);
}

void count_check() { checks++; }

int finish() {
  printf("%u cases, %lu checks, %u cases failed\n", cases, checks, failed_cases);
  return cases > 0 && checks > 0 && failed_cases == 0 ? 0 : 1;
}

void expect_breach(const char *file, int line, simt::breach kind, const std::string &text,
                   const std::function<void()> &launch) {
  count_check();
  try {
    launch();
  } catch (const simt::fault &found) {
    const std::string what = found.what();
    if (found.kind != kind)
      fail(file, line,
           std::string(simt::breach_name(found.kind)) + " instead of " + simt::breach_name(kind) + ": " +
               what);
    else if (what.find(text) == std::string::npos)
      fail(file, line, "\"" + text + "\" is not in: " + what);
    return;
  }
  fail(file, line, std::string("no ") + simt::breach_name(kind));
}

}  // namespace check
