#include "device_tables.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "args.h"
#include "backends.h"
#include "open_table.h"

namespace triptych {

namespace {

struct Upload {
  uint32_t backend = 0;
  /* Null: drop the copy of `number`. */
  std::shared_ptr<OpenTable> table;
  uint64_t number = 0;
  bool all = true;
  std::vector<uint32_t> changed;
  napi_deferred deferred = nullptr;
  Problem problem;

  void run(Instances &instances);
};

void Upload::run(Instances &instances) {
  const tp_backend_api &api = *backend_api(backend);
  if (api.table_sync == nullptr || api.table_drop == nullptr) {
    problem.set(codes::unavailable, "backend", "the library %s keeps no copies of tables", api.name);
    return;
  }
  tp_backend *instance = instances.get(backend, problem);
  if (instance == nullptr) return;
  if (table == nullptr) {
    api.table_drop(instance, number);
    return;
  }
  const uint32_t *rows = all ? nullptr : changed.data();
  /* Without a changed row there still is a pointer: null means all. */
  static const uint32_t none = 0;
  if (!all && changed.empty()) rows = &none;
  const tp_status status =
      api.table_sync(instance, &table->view().rows, rows, static_cast<uint32_t>(changed.size()));
  if (status != TP_OK) problem.set_status(status, api.name, api.last_error(instance));
}

/* The uploads of one environment, one after the other. */
class Uploads {
 public:
  /* Null where the environment cannot be given a thread. */
  static Uploads *of(Napi::Env env);
  /* Empty and `problem` set where as many wait as may. */
  Napi::Value submit(std::unique_ptr<Upload> upload, Problem &problem);

 private:
  explicit Uploads(Napi::Env env) : env_(env) {}
  static void on_ended(napi_env env, napi_value callback, void *context, void *data);
  static void on_cleanup(void *uploads);
  void serve();
  void settle();

  const Napi::Env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::thread thread_;
  uint32_t open_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Upload>> waiting_;
  std::deque<std::unique_ptr<Upload>> ended_;
  bool ending_ = false;
};

struct AllUploads {
  std::mutex mutex;
  std::map<napi_env, Uploads *> by_environment;
};

/* Never destroyed: environments may end after static objects. */
AllUploads &all_uploads() {
  static AllUploads *all = new AllUploads;
  return *all;
}

Uploads *Uploads::of(Napi::Env env) {
  AllUploads &all = all_uploads();
  const std::lock_guard<std::mutex> lock(all.mutex);
  Uploads *&known = all.by_environment[env];
  if (known != nullptr) return known;
  std::unique_ptr<Uploads> made(new Uploads(env));
  const napi_value name = Napi::String::New(env, "triptych uploads");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, made.get(),
                                      on_ended, &made->wake_) != napi_ok)
    return nullptr;
  napi_unref_threadsafe_function(env, made->wake_);
  /* Runs before the hook of the thread-safe function, which was added earlier. */
  if (napi_add_env_cleanup_hook(env, on_cleanup, made.get()) != napi_ok) return nullptr;
  known = made.release();
  return known;
}

Napi::Value Uploads::submit(std::unique_ptr<Upload> upload, Problem &problem) {
  if (open_ >= uploads_max) {
    problem.set(codes::queue_full, "backend", "%u uploads wait", open_);
    return Napi::Value();
  }
  napi_value promise = nullptr;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { serve(); });
    } catch (const std::system_error &) {
      problem.set(codes::unavailable, "backend", "the system gives no thread");
      return Napi::Value();
    }
  }
  if (napi_create_promise(env_, &upload->deferred, &promise) != napi_ok) {
    problem.set(codes::internal, "backend", "no promise can be made");
    return Napi::Value();
  }
  if (open_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(upload));
  }
  changed_.notify_one();
  return Napi::Value(env_, promise);
}

void Uploads::serve() {
  Instances instances;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    std::unique_ptr<Upload> upload = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    upload->run(instances);
    lock.lock();
    ended_.push_back(std::move(upload));
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }
}

void Uploads::on_ended(napi_env env, napi_value, void *context, void *) {
  if (env != nullptr) static_cast<Uploads *>(context)->settle();
}

void Uploads::settle() {
  std::deque<std::unique_ptr<Upload>> ended;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended.swap(ended_);
  }
  const Napi::HandleScope scope(env_);
  for (const std::unique_ptr<Upload> &upload : ended) {
    if (upload->problem)
      napi_reject_deferred(env_, upload->deferred, error_of(env_, upload->problem));
    else
      napi_resolve_deferred(env_, upload->deferred, env_.Undefined());
    if (--open_ == 0) napi_unref_threadsafe_function(env_, wake_);
  }
}

/* The upload that runs ends first: it reads the table. Promises stay open in an environment that is going. */
void Uploads::on_cleanup(void *data) {
  std::unique_ptr<Uploads> uploads(static_cast<Uploads *>(data));
  {
    const std::lock_guard<std::mutex> lock(uploads->mutex_);
    uploads->ending_ = true;
  }
  uploads->changed_.notify_all();
  if (uploads->thread_.joinable()) uploads->thread_.join();
  AllUploads &all = all_uploads();
  const std::lock_guard<std::mutex> lock(all.mutex);
  all.by_environment.erase(uploads->env_);
}

bool read_backend(const Info &info, const char *path, uint32_t &backend, Problem &problem) {
  if (!read_u32(info[0], path, backend, problem)) return false;
  return backend_exists(backend) || problem.set(codes::range, path, "there is no backend %u", backend);
}

/* null: all rows; else the numbers of rows of the table. */
bool read_changed(Napi::Value value, Upload &upload, Problem &problem) {
  if (value.IsNull()) return true;
  ArrayArgument rows;
  if (!read_array(value, napi_uint32_array, 0, "tableSyncAsync.args[2]", rows, problem)) return false;
  const auto *numbers = static_cast<const uint32_t *>(rows.data);
  const uint32_t row_count = upload.table->view().rows.row_count;
  for (size_t i = 0; i < rows.length; i++)
    if (numbers[i] >= row_count)
      return problem.set(codes::range, Path("tableSyncAsync.args[2][%zu]", i).c_str(),
                         "%u is not a row of a table of %u", numbers[i], row_count);
  upload.all = false;
  upload.changed.assign(numbers, numbers + rows.length);
  return true;
}

Napi::Value submit(const Info &info, std::unique_ptr<Upload> upload) {
  Problem problem;
  Uploads *uploads = Uploads::of(info.Env());
  if (uploads == nullptr) {
    problem.set(codes::internal, "backend", "uploads cannot be set up");
    return fail(info, problem);
  }
  const Napi::Value promise = uploads->submit(std::move(upload), problem);
  return promise.IsEmpty() ? fail(info, problem) : promise;
}

}  // namespace

/* tableSyncAsync(backend, table, changed) -> Promise: the backend's copy shows the state of the table. */
Napi::Value table_sync_async(const Info &info) {
  Problem problem;
  auto upload = std::make_unique<Upload>();
  if (!read_backend(info, "tableSyncAsync.args[0]", upload->backend, problem)) return fail(info, problem);
  std::shared_ptr<OpenTable> *table = table_of(info[1], "tableSyncAsync.args[1]", problem);
  if (table == nullptr || !(*table)->attached(problem)) return fail(info, problem);
  upload->table = *table;
  if (!read_changed(info[2], *upload, problem)) return fail(info, problem);
  return submit(info, std::move(upload));
}

/* tableDropAsync(backend, number) -> Promise: the backend keeps no copy under that number any more. */
Napi::Value table_drop_async(const Info &info) {
  Problem problem;
  auto upload = std::make_unique<Upload>();
  if (!read_backend(info, "tableDropAsync.args[0]", upload->backend, problem) ||
      !read_whole(info[1], "tableDropAsync.args[1]", upload->number, problem))
    return fail(info, problem);
  return submit(info, std::move(upload));
}

}  // namespace triptych
