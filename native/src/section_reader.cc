#include "section_reader.h"

namespace triptych {

bool SectionReader::open(uint32_t kind) {
  if (arena_.bytes < layout::header_bytes)
    return problem_.set(codes::invalid, "arena", "has %zu bytes, a header takes %u", arena_.bytes,
                        layout::header_bytes);
  words_ = reinterpret_cast<const uint32_t *>(arena_.data);
  if (header(layout::magic_word) != layout::magic)
    return problem_.set(codes::invalid, "arena.magic", "nothing was packed into this arena");
  if (header(layout::version_word) != layout::version)
    return problem_.set(codes::invalid, "arena.version", "is %u, not %u", header(layout::version_word),
                        layout::version);
  if (header(layout::kind_word) != kind)
    return problem_.set(codes::invalid, "arena.kind", "was packed for call %u, not %u",
                        header(layout::kind_word), kind);
  answers_at_ = header(layout::answers_at_word);
  next_answer_ = answers_at_;
  if (answers_at_ < layout::header_bytes || answers_at_ > arena_.bytes || answers_at_ % 8 != 0)
    return problem_.set(codes::range, "arena.answersAt", "%llu is not within the arena's %zu bytes",
                        (unsigned long long)answers_at_, arena_.bytes);
  return true;
}

bool SectionReader::fits(uint64_t at, uint64_t count, uint64_t size, uint64_t from, uint64_t to,
                         const Where &where) {
  if (count == 0) return true;
  uint64_t bytes;
  uint64_t end;
  if (__builtin_mul_overflow(count, size, &bytes) || __builtin_add_overflow(at, bytes, &end) || at < from ||
      end > to)
    return problem_.set(
        codes::range, where.path().c_str(), "%llu elements at byte %llu do not lie within bytes %llu to %llu",
        (unsigned long long)count, (unsigned long long)at, (unsigned long long)from, (unsigned long long)to);
  if (at % size != 0)
    return problem_.set(codes::range, where.path().c_str(), "begins at byte %llu, not at a multiple of %llu",
                        (unsigned long long)at, (unsigned long long)size);
  return true;
}

}  // namespace triptych
