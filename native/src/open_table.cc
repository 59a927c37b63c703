#include "open_table.h"

#include "args.h"

namespace triptych {

namespace {

/* Random; it only has to differ from other addons' tags. */
constexpr napi_type_tag table_tag = {0x8f3b1c6e52a94d07u, 0xa61d7e0c94b2f853u};

using Held = std::shared_ptr<OpenTable>;

}  // namespace

OpenTable::~OpenTable() {
  if (arrays_ref_ != nullptr) napi_delete_reference(env_, arrays_ref_);
  if (loose_ref_ != nullptr) napi_delete_reference(env_, loose_ref_);
}

bool OpenTable::keep(Napi::Value array, napi_value buffer, const void *data, Problem &problem) {
  arrays_.Set(arrays_.Length(), array);
  std::shared_ptr<Memory> pin = data == nullptr ? nullptr : Memory::find(data);
  if (pin != nullptr) {
    pins_.push_back(std::move(pin));
    return true;
  }
  for (uint32_t i = 0; i < loose_count_; i++)
    if (loose_.Get(i).StrictEquals(Napi::Value(env_, buffer))) return true;
  loose_.Set(loose_count_++, Napi::Value(env_, buffer));
  return !env_.IsExceptionPending() || problem.set(codes::internal, "tableOpen.args[0]", "cannot be kept");
}

template <typename T>
bool OpenTable::column(Napi::Object columns, const char *name, napi_typedarray_type type, uint64_t length,
                       const T *&out, Problem &problem) {
  const Napi::Value value = columns.Get(name);
  ArrayArgument array;
  if (!read_array(value, type, length, Path("tableOpen.args[0].%s", name).c_str(), array, problem))
    return false;
  out = static_cast<const T *>(array.data);
  return keep(value, array.buffer, array.data, problem);
}

bool OpenTable::read_shape(Napi::Object columns, Problem &problem) {
  tp_rows &rows = view_.rows;
  uint32_t tier = 0;
  if (!read_u32(columns.Get("rowCount"), "tableOpen.args[0].rowCount", rows.row_count, problem) ||
      !read_u32(columns.Get("dimension"), "tableOpen.args[0].dimension", rows.dimension, problem) ||
      !read_u32(columns.Get("stride"), "tableOpen.args[0].stride", rows.stride, problem) ||
      !read_u32(columns.Get("tier"), "tableOpen.args[0].tier", tier, problem) ||
      !read_u32(columns.Get("facetCodeCount"), "tableOpen.args[0].facetCodeCount", view_.facet_code_count,
                problem) ||
      !read_whole(columns.Get("table"), "tableOpen.args[0].table", rows.table, problem) ||
      !read_whole(columns.Get("epoch"), "tableOpen.args[0].epoch", rows.epoch, problem))
    return false;
  if (rows.dimension == 0 || rows.dimension > dimension_max)
    return problem.set(codes::range, "tableOpen.args[0].dimension", "%u is not within 1..%u", rows.dimension,
                       dimension_max);
  if (rows.stride < rows.dimension)
    return problem.set(codes::range, "tableOpen.args[0].stride", "%u is less than %u", rows.stride,
                       rows.dimension);
  if (view_.facet_code_count > facet_codes_max)
    return problem.set(codes::too_large, "tableOpen.args[0].facetCodeCount", "%u is more than %u",
                       view_.facet_code_count, facet_codes_max);
  if (tier > TP_INT8) return problem.set(codes::range, "tableOpen.args[0].tier", "there is no tier %u", tier);
  rows.tier = static_cast<tp_tier>(tier);
  return true;
}

bool OpenTable::read_vectors(Napi::Object columns, Problem &problem) {
  tp_rows &rows = view_.rows;
  const uint64_t elements = vector_elements(rows.row_count, rows.stride, rows.dimension);
  const napi_typedarray_type type = rows.tier == TP_F32   ? napi_float32_array
                                    : rows.tier == TP_F16 ? napi_uint16_array
                                                          : napi_int8_array;
  const char *data;
  if (!column(columns, "vectors", type, elements, data, problem)) return false;
  rows.vectors = data;
  return rows.tier != TP_INT8 ||
         column(columns, "scales", napi_float32_array, rows.row_count, rows.scales, problem);
}

bool OpenTable::read_fields(Napi::Object columns, Problem &problem) {
  const Napi::Value value = columns.Get("fields");
  if (!value.IsArray()) return problem.set(codes::invalid, "tableOpen.args[0].fields", "is not an array");
  const Napi::Array all = value.As<Napi::Array>();
  const uint32_t count = all.Length();
  if (count > 4096) return problem.set(codes::too_large, "tableOpen.args[0].fields", "has %u columns", count);
  fields_.resize(count);
  for (uint32_t i = 0; i < count; i++) {
    const Napi::Value item = all.Get(i);
    ArrayArgument array;
    if (!read_array(item, napi_float64_array, view_.rows.row_count,
                    Path("tableOpen.args[0].fields[%u]", i).c_str(), array, problem))
      return false;
    fields_[i] = static_cast<const double *>(array.data);
    if (!keep(item, array.buffer, array.data, problem)) return false;
  }
  view_.rows.fields = fields_.data();
  view_.rows.field_count = count;
  return true;
}

bool OpenTable::read(Napi::Object columns, Problem &problem) {
  arrays_ = Napi::Array::New(env_);
  loose_ = Napi::Array::New(env_);
  tp_rows &rows = view_.rows;
  if (!read_shape(columns, problem) || !read_vectors(columns, problem)) return false;
  const uint64_t count = rows.row_count;
  if (!column(columns, "live", napi_uint8_array, count, view_.live, problem) ||
      !column(columns, "tieRanks", napi_uint32_array, count, rows.tie_ranks, problem) ||
      !column(columns, "popularity", napi_float32_array, count, rows.popularity, problem) ||
      !column(columns, "recencyMs", napi_float64_array, count, rows.recency_ms, problem) ||
      !column(columns, "facetStarts", napi_uint32_array, count, rows.facet_starts, problem) ||
      !column(columns, "facetCounts", napi_uint32_array, count, rows.facet_counts, problem) ||
      !column(columns, "facetValues", napi_uint32_array, 0, rows.facet_values, problem) ||
      !read_fields(columns, problem))
    return false;
  const Napi::Value values = columns.Get("facetValues");
  ArrayArgument array;
  if (!read_array(values, napi_uint32_array, 0, "tableOpen.args[0].facetValues", array, problem))
    return false;
  rows.facet_value_count = array.length;
  /* A getter of the caller's may have answered with another array, or given memory away, the second time. */
  if (array.data != rows.facet_values)
    return problem.set(codes::invalid, "tableOpen.args[0].facetValues", "changes while it is read");
  if (napi_create_reference(env_, arrays_, 1, &arrays_ref_) != napi_ok ||
      napi_create_reference(env_, loose_, 1, &loose_ref_) != napi_ok)
    return problem.set(codes::out_of_memory, "tableOpen.args[0]", "no reference to the columns can be made");
  return attached(problem) &&
         check_facets(rows, view_.live, view_.facet_code_count, "tableOpen.args[0]", problem);
}

bool OpenTable::attached(Problem &problem) const {
  if (loose_count_ == 0) return true;
  napi_value loose;
  if (napi_get_reference_value(env_, loose_ref_, &loose) != napi_ok)
    return problem.set(codes::closed, "table", "its columns are gone");
  for (uint32_t i = 0; i < loose_count_; i++) {
    napi_value buffer;
    bool detached = true;
    if (napi_get_element(env_, loose, i, &buffer) != napi_ok ||
        napi_is_detached_arraybuffer(env_, buffer, &detached) != napi_ok || detached)
      return problem.set(codes::detached, "table", "memory of a column was given away");
  }
  return true;
}

Napi::Value make_table_handle(Napi::Env env, std::shared_ptr<OpenTable> table) {
  Napi::Object object = Napi::Object::New(env);
  auto *held = new Held(std::move(table));
  const auto free_held = [](napi_env, void *data, void *) { delete static_cast<Held *>(data); };
  if (napi_wrap(env, object, held, free_held, nullptr, nullptr) != napi_ok) {
    delete held;
    return Napi::Value();
  }
  object.TypeTag(&table_tag);
  return object;
}

std::shared_ptr<OpenTable> *table_of(Napi::Value value, const char *path, Problem &problem) {
  void *data = nullptr;
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&table_tag) ||
      napi_unwrap(value.Env(), value, &data) != napi_ok) {
    problem.set(codes::invalid, path, "is not a handle of a table");
    return nullptr;
  }
  auto *held = static_cast<Held *>(data);
  if (*held == nullptr) {
    problem.set(codes::closed, path, "the table was closed");
    return nullptr;
  }
  return held;
}

}  // namespace triptych
