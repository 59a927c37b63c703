/* The few lines that the shim's tests need of a test framework: named cases, checks that print what they saw.
 */
#ifndef TRIPTYCH_SHIM_CHECK_H
#define TRIPTYCH_SHIM_CHECK_H

#include <functional>
#include <sstream>
#include <string>

#include "fault.h"

namespace check {

/* Runs a case; an exception or a failed check fails it. */
void run_case(const std::string &name, const std::function<void()> &body);

/* Fails the case with this text, and goes on. */
void fail(const char *file, int line, const std::string &text);

/* Prints the totals; the exit status of main. A run without cases or checks fails. */
int finish();

void count_check();

/* Runs `launch` and fails unless it throws a fault of that kind whose text holds `text`. */
void expect_breach(const char *file, int line, simt::breach kind, const std::string &text,
                   const std::function<void()> &launch);

}  // namespace check

#define CHECK(condition, ...)                            \
  do {                                                   \
    check::count_check();                                \
    if (!(condition)) {                                  \
      std::ostringstream check_text;                     \
      check_text << #condition << ": " << __VA_ARGS__;   \
      check::fail(__FILE__, __LINE__, check_text.str()); \
    }                                                    \
  } while (false)

#define EXPECT_BREACH(kind, text, launch) check::expect_breach(__FILE__, __LINE__, kind, text, launch)

#endif
