/* A table that JavaScript opened: the view that calls read, and what keeps its memory there. */
#ifndef TRIPTYCH_OPEN_TABLE_H
#define TRIPTYCH_OPEN_TABLE_H

#include <memory>
#include <vector>

#include "memory.h"
#include "napi_setup.h"
#include "table.h"

namespace triptych {

/* Shared by its handle and by jobs; released on the thread of JavaScript alone. */
class OpenTable {
 public:
  OpenTable(Napi::Env env) : env_(env) {}
  ~OpenTable();
  OpenTable(const OpenTable &) = delete;
  OpenTable &operator=(const OpenTable &) = delete;

  /* Reads and checks the columns: see NativeColumns in src/native/addon.ts. */
  bool read(Napi::Object columns, Problem &problem);
  /* Whether the memory of every column is still there: pinned, or not given away. */
  bool attached(Problem &problem) const;

  const TableView &view() const { return view_; }

 private:
  template <typename T>
  bool column(Napi::Object columns, const char *name, napi_typedarray_type type, uint64_t length,
              const T *&out, Problem &problem);
  bool read_shape(Napi::Object columns, Problem &problem);
  bool read_vectors(Napi::Object columns, Problem &problem);
  bool read_fields(Napi::Object columns, Problem &problem);
  /* Keeps the array's memory: pins it, or holds its buffer and asks about it at each call. */
  bool keep(Napi::Value array, napi_value buffer, const void *data, Problem &problem);

  const Napi::Env env_;
  TableView view_ = {};
  std::vector<const double *> fields_;
  std::vector<std::shared_ptr<Memory>> pins_;
  /* Arrays of the columns, and the buffers among them that are not pinned. */
  Napi::Array arrays_;
  Napi::Array loose_;
  napi_ref arrays_ref_ = nullptr;
  napi_ref loose_ref_ = nullptr;
  uint32_t loose_count_ = 0;
};

/* The object that JavaScript holds; empty where none can be made. */
Napi::Value make_table_handle(Napi::Env env, std::shared_ptr<OpenTable> table);
/* The table of a handle that is open. */
std::shared_ptr<OpenTable> *table_of(Napi::Value value, const char *path, Problem &problem);

}  // namespace triptych

#endif
