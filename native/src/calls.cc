#include "calls.h"

#include "arena.h"
#include "open_table.h"
#include "slots.h"

namespace triptych {

namespace {

/* The part that calls have in common: the table, the slot, how much was packed. */
struct Parts {
  std::shared_ptr<OpenTable> table;
  Slot *slot = nullptr;
  uint32_t count = 0;
};

/* Paths of a call's arguments. */
struct Names {
  const char *table;
  const char *slot;
  const char *count;
};

bool read_parts(const Info &info, const Names &names, Parts &parts, Problem &problem) {
  std::shared_ptr<OpenTable> *table = table_of(info[0], names.table, problem);
  uint32_t slot = 0;
  if (table == nullptr || !read_u32(info[1], names.slot, slot, problem) ||
      !read_u32(info[2], names.count, parts.count, problem) || !(*table)->attached(problem))
    return false;
  parts.table = *table;
  parts.slot = Environment::of(info.Env()).free_slot(slot, names.slot, problem);
  return parts.slot != nullptr;
}

/* The answer must not overwrite rows that were checked. */
bool lies_outside(const ArenaView &arena, const ArrayArgument &out, Problem &problem) {
  const auto *from = static_cast<const uint8_t *>(out.data);
  const bool outside =
      out.length == 0 || from >= arena.data + arena.bytes || from + out.length * sizeof(double) <= arena.data;
  return outside || problem.set(codes::invalid, "gram.args[3]", "lies within the arena");
}

Napi::Value run_now(const Info &info, Parts &parts, uint32_t kind) {
  Slot &slot = *parts.slot;
  slot.call.kind = kind;
  slot.cancel = 0;
  slot.run(Environment::of(info.Env()).instances());
  return slot.problem ? fail(info, slot.problem) : info.Env().Undefined();
}

Napi::Value run_later(const Info &info, Parts &parts, uint32_t kind, Napi::Value borrowed) {
  parts.slot->call.kind = kind;
  Problem problem;
  const Napi::Value promise =
      Environment::of(info.Env()).submit(*parts.slot, std::move(parts.table), borrowed, problem);
  return promise.IsEmpty() ? fail(info, problem) : promise;
}

}  // namespace

/* rerank(table, slot, requestCount): selects for the requests packed into the slot's arena. */
Napi::Value rerank(const Info &info) {
  Problem problem;
  Parts parts;
  if (!read_parts(info, {"rerank.args[0]", "rerank.args[1]", "rerank.args[2]"}, parts, problem) ||
      !parse_rerank(parts.slot->view, parts.table->view(), parts.count, parts.slot->call, problem))
    return fail(info, problem);
  return run_now(info, parts, layout::kind_rerank);
}

/* rerankAsync(table, slot, requestCount) -> Promise: the same on a thread of the pool. */
Napi::Value rerank_async(const Info &info) {
  Problem problem;
  Parts parts;
  if (!read_parts(info, {"rerankAsync.args[0]", "rerankAsync.args[1]", "rerankAsync.args[2]"}, parts,
                  problem) ||
      !parse_rerank(parts.slot->view, parts.table->view(), parts.count, parts.slot->call, problem))
    return fail(info, problem);
  return run_later(info, parts, layout::kind_rerank, Napi::Value());
}

/* cancel(slot): the job of the slot, if one runs, stops at the next chunk. */
Napi::Value cancel(const Info &info) {
  Problem problem;
  uint32_t number = 0;
  if (!read_u32(info[0], "cancel.args[0]", number, problem)) return fail(info, problem);
  Slot *slot = Environment::of(info.Env()).slot(number);
  if (slot != nullptr) __atomic_store_n(&slot->cancel, 1, __ATOMIC_RELAXED);
  return info.Env().Undefined();
}

/* rescore(table, slot, selectedCount): the exact scores of what was selected. */
Napi::Value rescore(const Info &info) {
  Problem problem;
  Parts parts;
  if (!read_parts(info, {"rescore.args[0]", "rescore.args[1]", "rescore.args[2]"}, parts, problem) ||
      !parse_rescore(parts.slot->view, parts.table->view(), parts.count, parts.slot->call, problem))
    return fail(info, problem);
  return run_now(info, parts, layout::kind_rescore);
}

/* gram(table, slot, rowCount, out: Float64Array): the cosines of all pairs. */
Napi::Value gram(const Info &info) {
  Problem problem;
  Parts parts;
  ArrayArgument out;
  if (!read_parts(info, {"gram.args[0]", "gram.args[1]", "gram.args[2]"}, parts, problem) ||
      !read_array(info[3], napi_float64_array, 0, "gram.args[3]", out, problem) ||
      !lies_outside(parts.slot->view, out, problem) ||
      !parse_gram(parts.slot->view, parts.table->view(), parts.count, static_cast<double *>(out.data),
                  out.length, parts.slot->call, problem))
    return fail(info, problem);
  return run_now(info, parts, layout::kind_gram);
}

/* scanAsync(table, slot, queryCount, mask: Uint8Array) -> Promise: nearest rows of the whole table. */
Napi::Value scan_async(const Info &info) {
  Problem problem;
  Parts parts;
  ArrayArgument mask;
  if (!read_parts(info, {"scanAsync.args[0]", "scanAsync.args[1]", "scanAsync.args[2]"}, parts, problem) ||
      !read_array(info[3], napi_uint8_array, 0, "scanAsync.args[3]", mask, problem) ||
      !parse_scan(parts.slot->view, parts.table->view(), parts.count, static_cast<const uint8_t *>(mask.data),
                  mask.length, parts.slot->call, problem))
    return fail(info, problem);
  return run_later(info, parts, layout::kind_scan, info[3]);
}

}  // namespace triptych
