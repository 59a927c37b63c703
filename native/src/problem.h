/*
 * What is wrong with a call: a stable code, the argument's path and a text. Plain data, so that threads
 * without an environment can carry it. src/native/convert-error.ts knows the codes.
 */
#ifndef TRIPTYCH_PROBLEM_H
#define TRIPTYCH_PROBLEM_H

#include "triptych/backend.h"

namespace triptych {

namespace codes {
/* Not the type, the length or the form that the export takes. */
constexpr const char *invalid = "invalid_argument";
/* A number that leads out of what it counts, or is not one that the definition allows. */
constexpr const char *range = "out_of_range";
/* A handle that was closed, or a slot without an arena. */
constexpr const char *closed = "closed";
/* A buffer whose memory was given away, or changed its size. */
constexpr const char *detached = "detached";
/* The slot's last job has not ended. */
constexpr const char *busy = "busy";
/* As many jobs wait as may. */
constexpr const char *queue_full = "queue_full";
constexpr const char *cancelled = "cancelled";
constexpr const char *out_of_memory = "out_of_memory";
/* No such library, variant or device here. */
constexpr const char *unavailable = "unavailable";
/* The backend cannot be used any more in this process. */
constexpr const char *lost = "lost";
constexpr const char *too_large = "too_large";
constexpr const char *internal = "internal";
}  // namespace codes

struct Problem {
  const char *code = nullptr;
  char path[112];
  char text[256];

  explicit operator bool() const { return code != nullptr; }

  /* Sets code, path and text (printf); answers false, so that a check can end with it. */
  bool set(const char *problem_code, const char *problem_path, const char *format, ...)
#if defined(__GNUC__)
      __attribute__((format(printf, 4, 5)))
#endif
      ;
  /* What a backend answered. */
  bool set_status(tp_status status, const char *problem_path, const char *reason);
};

/* A path put together: `arena.requests[2]` and `.rows[7]`. */
class Path {
 public:
  explicit Path(const char *format, ...)
#if defined(__GNUC__)
      __attribute__((format(printf, 2, 3)))
#endif
      ;
  const char *c_str() const { return text_; }

 private:
  char text_[112];
};

}  // namespace triptych

#endif
