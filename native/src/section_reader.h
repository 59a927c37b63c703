/* Bounds, overflow and alignment of the sections of an arena: every pointer into one comes from here. */
#ifndef TRIPTYCH_SECTION_READER_H
#define TRIPTYCH_SECTION_READER_H

#include <cstdint>

#include "arena.h"
#include "problem.h"

namespace triptych {

/* The path of a section, put together only where something is wrong: `member`, or
 * `arena.requests[request]member`. */
struct Where {
  const char *member;
  int64_t request = -1;
  Path path() const {
    return request < 0 ? Path("%s", member) : Path("arena.requests[%lld]%s", (long long)request, member);
  }
};

class SectionReader {
 public:
  SectionReader(const ArenaView &arena, Problem &problem) : arena_(arena), problem_(problem) {}

  /* Reads the header and fixes where inputs end. */
  bool open(uint32_t kind);

  uint32_t header(uint32_t word) const { return words_[word]; }

  /* `count` elements of type T at byte `at`, below the answers; count 0: any pointer that is not null. */
  template <typename T>
  bool input(uint32_t at, uint64_t count, const Where &where, const T *&out) {
    const void *start;
    if (!input(at, count, sizeof(T), where, start)) return false;
    out = static_cast<const T *>(start);
    return true;
  }

  bool input(uint32_t at, uint64_t count, uint32_t element_bytes, const Where &where, const void *&out) {
    if (!fits(at, count, element_bytes, layout::header_bytes, answers_at_, where)) return false;
    out = arena_.data + (count == 0 ? 0 : at);
    return true;
  }

  /* The next `count` elements of the answers. */
  template <typename T>
  bool output(uint64_t count, const Where &where, T *&out) {
    if (!fits(next_answer_, count, sizeof(T), answers_at_, arena_.bytes, where)) return false;
    out = reinterpret_cast<T *>(arena_.data + next_answer_);
    next_answer_ += count * sizeof(T);
    return true;
  }

  void align_answers() { next_answer_ = (next_answer_ + 7) & ~(uint64_t)7; }

  Problem &problem() { return problem_; }

 private:
  bool fits(uint64_t at, uint64_t count, uint64_t size, uint64_t from, uint64_t to, const Where &where);

  const ArenaView &arena_;
  Problem &problem_;
  const uint32_t *words_ = nullptr;
  uint64_t answers_at_ = 0;
  uint64_t next_answer_ = 0;
};

}  // namespace triptych

#endif
