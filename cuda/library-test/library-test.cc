/*
 * The whole library, on the host's SIMT machine or on a GPU: batches, scans and Gram against the f64
 * definition, states of a table, on a GPU also a table that changes under its readers, and every CUDA call
 * failing once. Arguments: seed (printed); `parity` to leave the failing calls out, `kernels` to leave the
 * changing table out, too (tools that watch every access are slow). Ends with a non-zero status at the first
 * failure.
 */
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

#ifdef TP_SIMT_SHIM
#include "../host/runtime.h"
#endif
#include "library-table.h"

extern "C" const tp_backend_api *tp_backend_entry(void);

namespace {

const tp_backend_api *api = tp_backend_entry();
constexpr double tolerance = 2e-6;

#define CHECK(condition, ...)                                \
  do {                                                       \
    if (!(condition)) {                                      \
      printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
      printf(__VA_ARGS__);                                   \
      printf("\n");                                          \
      exit(1);                                               \
    }                                                        \
  } while (0)

tp_backend *open_backend() {
  tp_backend *backend = nullptr;
  char text[256] = "";
  const tp_options options = {"0"};
  CHECK(api->open(&options, &backend, text, sizeof text) == TP_OK, "%s", text);
  return backend;
}

/* A batch of some requests over a table and a transient block, and room for its answer. */
struct Batch {
  std::vector<TestRequest> requests;
  std::vector<tp_request> packed;
  std::vector<uint32_t> rows;
  std::vector<float> columns[4];
  tp_blocks blocks = {};
  tp_batch batch = {};
  std::vector<uint32_t> selected, selected_starts, selected_counts, dropped, dropped_starts;
  tp_answer answer = {};
};

void fill_batch(Batch &made, const TestTable &table, const TestTable &transient,
                const std::vector<uint32_t> &counts, tp_formula formula, std::mt19937 &random) {
  made.blocks = {table.rows, transient.rows, test_codes};
  made.requests.resize(counts.size());
  const uint32_t all = table.rows.row_count + transient.rows.row_count;
  for (size_t i = 0; i < counts.size(); i++) {
    make_request(made.requests[i], table.rows.dimension, formula, random);
    tp_request request = made.requests[i].request;
    request.first = static_cast<uint32_t>(made.rows.size());
    request.count = counts[i];
    request.limit = 52;
    made.packed.push_back(request);
    std::vector<uint32_t> numbers(all);
    for (uint32_t row = 0; row < all; row++) numbers[row] = row;
    std::shuffle(numbers.begin(), numbers.end(), random);
    made.rows.insert(made.rows.end(), numbers.begin(), numbers.begin() + counts[i]);
    made.selected_starts.push_back(static_cast<uint32_t>(i * 52));
    made.dropped_starts.push_back(static_cast<uint32_t>(i * 2));
  }
  for (auto &column : made.columns)
    for (size_t i = 0; i < made.rows.size(); i++)
      column.push_back(random() % 6 == 0 ? NAN : static_cast<float>(random() % 1000) / 2000);
  const auto count = static_cast<uint32_t>(made.rows.size());
  made.batch = {static_cast<uint32_t>(counts.size()),
                made.packed.data(),
                count,
                {made.rows.data(), made.columns[0].data(), made.columns[1].data(), made.columns[2].data(),
                 made.columns[3].data()}};
  made.selected.resize(counts.size() * 52);
  made.selected_counts.resize(counts.size());
  made.dropped.resize(counts.size() * 2);
  made.answer = {made.selected.data(), made.selected_starts.data(), made.selected_counts.data(),
                 made.dropped.data(), made.dropped_starts.data()};
}

/* The chosen rows are those of the oracle, up to what the tolerance cannot tell apart; drops are exact. */
void check_request(const Batch &made, uint32_t index) {
  const tp_request &request = made.packed[index];
  std::vector<double> scores(request.count, -INFINITY);
  std::vector<uint32_t> dropped(2);
  uint32_t passing = 0;
  for (uint32_t i = 0; i < request.count; i++) {
    const uint32_t at = request.first + i;
    uint32_t row;
    const tp_rows *rows = tp_locate(&made.blocks, made.rows[at], &row);
    uint32_t stack[TP_MASK_STACK_WORDS];
    const int32_t rule = tp_first_failing_rule(&request.mask, rows, row, made.rows[at], stack);
    if (rule >= 0) {
      dropped[static_cast<size_t>(rule)]++;
      continue;
    }
    passing++;
    const tp_candidate own = {made.columns[0][at], made.columns[1][at], made.columns[2][at],
                              made.columns[3][at]};
    scores[i] = oracle_score(request, *rows, row, own);
  }
  for (uint32_t rule = 0; rule < request.mask.rule_count; rule++)
    CHECK(made.dropped[index * 2 + rule] == dropped[rule], "request %u rule %u: %u, not %u", index, rule,
          made.dropped[index * 2 + rule], dropped[rule]);
  const uint32_t wanted = std::min(passing, request.limit);
  CHECK(made.selected_counts[index] == wanted, "request %u: %u of %u", index, made.selected_counts[index],
        wanted);
  const uint32_t *chosen = made.selected.data() + made.selected_starts[index];
  const std::set<uint32_t> set(chosen, chosen + wanted);
  CHECK(set.size() == wanted, "request %u: a position twice", index);
  double worst = INFINITY;
  for (uint32_t position : set) worst = std::min(worst, scores[position]);
  for (uint32_t i = 0; i < request.count; i++)
    CHECK(set.count(i) == 1 || scores[i] <= worst + tolerance,
          "request %u: %u with %.9g is left out for %.9g", index, i, scores[i], worst);
}

TestTable synced_table(tp_backend *backend, uint32_t count, uint32_t dimension, tp_tier tier,
                       std::mt19937 &random) {
  static uint64_t number = 0;
  TestTable table = make_table(count, dimension, tier, 0, random);
  table.rows.table = ++number;
  table.rows.epoch = 1;
  CHECK(api->table_sync(backend, &table.rows, nullptr, 0) == TP_OK, "%s", api->last_error(backend));
  return table;
}

void test_rerank(std::mt19937 &random) {
  tp_backend *backend = open_backend();
  for (uint32_t dimension : {1u, 7u, 64u, 130u}) {
    for (tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
      for (tp_formula formula : {TP_LINEAR, TP_MULTIPLICATIVE}) {
        const TestTable table = synced_table(backend, 150, dimension, tier, random);
        const TestTable transient = make_table(20, dimension, tier, 1000, random);
        Batch made;
        fill_batch(made, table, transient, {0, 1, 67, 170}, formula, random);
        const tp_status status = api->rerank(backend, &made.blocks, &made.batch, &made.answer, nullptr);
        CHECK(status == TP_OK, "%d %s", status, api->last_error(backend));
        for (uint32_t i = 0; i < 4; i++) check_request(made, i);
        api->table_drop(backend, table.rows.table);
      }
    }
  }
  api->close(backend);
}

/* Exact order by (cosine descending, tie rank ascending), with duplicates among the rows. */
void test_scan(std::mt19937 &random) {
  tp_backend *backend = open_backend();
  for (tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
    const uint32_t count = tier == TP_F32 ? 17001 : 301;
    const uint32_t dimension = tier == TP_F32 ? 8 : 70;
    const TestTable table = synced_table(backend, count, dimension, tier, random);
    const uint32_t query_count = tier == TP_F32 ? 1 : 9;
    std::vector<float> queries;
    for (uint32_t q = 0; q < query_count; q++) {
      const std::vector<float> query = unit_vector(dimension, random);
      queries.insert(queries.end(), query.begin(), query.end());
    }
    std::vector<uint8_t> mask(count);
    for (uint8_t &keeps : mask) keeps = random() % 4 != 0;
    constexpr uint32_t limit = 25;
    std::vector<uint32_t> rows(query_count * limit), counts(query_count);
    std::vector<double> cosines(query_count * limit);
    const tp_scan scan = {query_count, queries.data(), mask.data(), limit};
    tp_hits hits = {rows.data(), cosines.data(), counts.data()};
    const tp_status status = api->scan(backend, &table.rows, &scan, &hits, nullptr);
    CHECK(status == TP_OK, "%d %s", status, api->last_error(backend));
    for (uint32_t q = 0; q < query_count; q++) {
      std::vector<uint32_t> order;
      std::vector<double> exact(count);
      for (uint32_t row = 0; row < count; row++) {
        exact[row] = tp_cosine(&table.rows, row, queries.data() + q * dimension);
        if (mask[row] != 0) order.push_back(row);
      }
      std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        return exact[a] != exact[b] ? exact[a] > exact[b] : table.tie_ranks[a] < table.tie_ranks[b];
      });
      CHECK(counts[q] == limit, "%u hits", counts[q]);
      for (uint32_t i = 0; i < limit; i++)
        CHECK(rows[q * limit + i] == order[i] && cosines[q * limit + i] == exact[order[i]],
              "tier %d query %u hit %u: row %u, not %u", tier, q, i, rows[q * limit + i], order[i]);
    }
    api->table_drop(backend, table.rows.table);
  }
  api->close(backend);
}

/* The bits of the definition: in the pair (i, j) row i is the widened vector, with its scale. */
void test_gram(std::mt19937 &random) {
  tp_backend *backend = open_backend();
  for (tp_tier tier : {TP_F32, TP_F16, TP_INT8}) {
    const uint32_t dimension = 45;
    const TestTable table = synced_table(backend, 60, dimension, tier, random);
    const TestTable transient = make_table(9, dimension, tier, 100, random);
    const tp_blocks blocks = {table.rows, transient.rows, test_codes};
    std::vector<uint32_t> rows;
    for (uint32_t i = 0; i < 37; i++) rows.push_back(static_cast<uint32_t>(random() % 69));
    std::vector<double> out(37 * 36 / 2);
    CHECK(api->gram(backend, &blocks, rows.data(), 37, out.data()) == TP_OK, "%s", api->last_error(backend));
    size_t at = 0;
    for (uint32_t i = 0; i < 37; i++) {
      for (uint32_t j = i + 1; j < 37; j++, at++) {
        uint32_t row_i, row_j;
        const tp_rows *block_i = tp_locate(&blocks, rows[i], &row_i);
        const tp_rows *block_j = tp_locate(&blocks, rows[j], &row_j);
        std::vector<float> stored;
        for (uint32_t k = 0; k < dimension; k++) {
          const size_t from = size_t{row_i} * block_i->stride + k;
          if (tier == TP_F32) stored.push_back(static_cast<const float *>(block_i->vectors)[from]);
          if (tier == TP_F16)
            stored.push_back(tp_float_of_half(static_cast<const uint16_t *>(block_i->vectors)[from]));
          if (tier == TP_INT8) stored.push_back(static_cast<const int8_t *>(block_i->vectors)[from]);
        }
        tp_rows unscaled = *block_j;
        const float one = 1;
        std::vector<float> ones(block_j->row_count, one);
        if (tier == TP_INT8) unscaled.scales = ones.data();
        const double sum = tp_cosine(&unscaled, row_j, stored.data());
        const double exact =
            tier == TP_INT8 ? sum * double{block_i->scales[row_i]} * double{block_j->scales[row_j]} : sum;
        CHECK(out[at] == exact, "tier %d pair %u %u: %.17g, not %.17g", tier, i, j, out[at], exact);
      }
    }
    api->table_drop(backend, table.rows.table);
  }
  api->close(backend);
}

/* One request over all rows of the table. */
tp_status rerank_all(tp_backend *backend, const TestTable &table, Batch &made, std::mt19937 &random) {
  const TestTable none;
  fill_batch(made, table, none, {table.rows.row_count}, TP_LINEAR, random);
  made.blocks.transient = {};
  return api->rerank(backend, &made.blocks, &made.batch, &made.answer, nullptr);
}

/* The last two states answer, each with its own content; older ones are refused. Instances share tables. */
void test_states(std::mt19937 &random) {
  tp_backend *backend = open_backend();
  tp_backend *other = open_backend();
  TestTable first = synced_table(backend, 90, 20, TP_F32, random);
  /* The next state: row 5 is gone from it, rows 90.. are new, ties and popularity have moved. */
  TestTable grown = make_table(1100, 20, TP_F32, 0, random);
  memcpy(grown.vectors.data(), first.vectors.data(), size_t{90} * first.rows.stride * 4);
  grown.rows.table = first.rows.table;
  grown.rows.epoch = 2;
  std::vector<uint32_t> changed;
  for (uint32_t row = 90; row < 1100; row++) changed.push_back(row);
  CHECK(api->table_sync(other, &grown.rows, changed.data(), static_cast<uint32_t>(changed.size())) == TP_OK,
        "%s", api->last_error(other));
  for (const TestTable *state : {&first, &grown}) {
    Batch made;
    CHECK(rerank_all(backend, *state, made, random) == TP_OK, "%s", api->last_error(backend));
    check_request(made, 0);
  }
  grown.rows.epoch = 3;
  CHECK(api->table_sync(backend, &grown.rows, nullptr, 0) == TP_OK, "%s", api->last_error(backend));
  Batch made;
  CHECK(rerank_all(backend, first, made, random) == TP_INVALID, "an old state answered");
  const uint32_t wrong = 5000;
  grown.rows.epoch = 4;
  CHECK(api->table_sync(backend, &grown.rows, &wrong, 1) == TP_INVALID, "a changed row that is not there");
  api->table_drop(backend, first.rows.table);
  api->close(backend);
  api->close(other);
}

#ifndef TP_SIMT_SHIM
/* One state of a table that changes while it is read: its rows are first .. first + visible. */
struct LiveState {
  TestTable table;
  uint32_t first;
};

constexpr uint32_t live_rows = 6000;
constexpr uint32_t live_visible = 400;
constexpr uint32_t live_step = 40;

/* The state after `last`: the first rows have gone, as many new ones came, and every tie rank has moved. */
std::shared_ptr<LiveState> next_state(const LiveState &last, std::mt19937 &random) {
  auto next = std::make_shared<LiveState>(last);
  next->first += live_step;
  TestTable &table = next->table;
  for (uint32_t row = last.first + live_visible; row < next->first + live_visible; row++)
    write_vector(table, row, unit_vector(table.rows.dimension, random));
  std::shuffle(table.tie_ranks.begin(), table.tie_ranks.end(), random);
  point_at_columns(table);
  table.rows.epoch++;
  return next;
}

/* Batches and scans of one thread over whatever state is the newest; the device may have gone on meanwhile. */
void read_live(const std::function<std::shared_ptr<const LiveState>()> &newest, const std::atomic<bool> &ends,
               uint32_t seed, std::atomic<uint32_t> *answers) {
  std::mt19937 random(seed);
  tp_backend *backend = open_backend();
  while (!ends) {
    const std::shared_ptr<const LiveState> state = newest();
    Batch made;
    const TestTable none;
    fill_batch(made, state->table, none, {200, 37, 300}, TP_LINEAR, random);
    made.blocks.transient = {};
    for (uint32_t &row : made.rows) row = state->first + row % live_visible;
    tp_status status = api->rerank(backend, &made.blocks, &made.batch, &made.answer, nullptr);
    if (status == TP_OK)
      for (uint32_t i = 0; i < 3; i++) check_request(made, i);
    CHECK(status == TP_OK || status == TP_INVALID, "%d %s", status, api->last_error(backend));
    *answers += status == TP_OK ? 1 : 0;
    const std::vector<float> query = unit_vector(state->table.rows.dimension, random);
    std::vector<uint8_t> mask(live_rows);
    std::fill_n(mask.begin() + state->first, live_visible, uint8_t{1});
    uint32_t rows[20], count;
    double cosines[20];
    const tp_scan scan = {1, query.data(), mask.data(), 20};
    tp_hits hits = {rows, cosines, &count};
    status = api->scan(backend, &state->table.rows, &scan, &hits, nullptr);
    CHECK(status == TP_OK || status == TP_INVALID, "%d %s", status, api->last_error(backend));
    for (uint32_t i = 0; status == TP_OK && i < count; i++)
      CHECK(cosines[i] == tp_cosine(&state->table.rows, rows[i], query.data()), "hit %u of row %u", i, rows[i]);
  }
  api->close(backend);
}

/* Queries of four threads run while the table changes under them: every answer is that of its own state. */
void test_live_updates(std::mt19937 &random) {
  for (tp_tier tier : {TP_F32, TP_INT8}) {
    auto first = std::make_shared<LiveState>(LiveState{make_table(live_rows, 96, tier, 0, random), 0});
    first->table.rows.table = 5000 + tier;
    first->table.rows.epoch = 1;
    tp_backend *backend = open_backend();
    CHECK(api->table_sync(backend, &first->table.rows, nullptr, 0) == TP_OK, "%s", api->last_error(backend));
    std::mutex mutex;
    std::shared_ptr<const LiveState> newest = first;
    std::atomic<bool> ends{false};
    std::atomic<uint32_t> answers{0};
    const auto read = [&] {
      const std::lock_guard<std::mutex> lock(mutex);
      return newest;
    };
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < 4; i++)
      threads.emplace_back(read_live, read, std::cref(ends), static_cast<uint32_t>(random()), &answers);
    uint32_t updates = 0;
    for (auto last = first; last->first + live_visible + live_step <= live_rows; updates++) {
      const auto next = next_state(*last, random);
      std::vector<uint32_t> changed;
      for (uint32_t i = 0; i < live_step; i++) changed.push_back(last->first + live_visible + i);
      const tp_status status = api->table_sync(backend, &next->table.rows, changed.data(), live_step);
      CHECK(status == TP_OK, "%d %s", status, api->last_error(backend));
      last = next;
      const std::lock_guard<std::mutex> lock(mutex);
      newest = next;
    }
    ends = true;
    for (std::thread &thread : threads) thread.join();
    api->table_drop(backend, first->table.rows.table);
    api->close(backend);
    printf("live updates: %u states, %u batches of four threads\n", updates, answers.load());
  }
}
#endif

#ifdef TP_SIMT_SHIM
/* The host's device has 64 MiB. */
void test_too_large(std::mt19937 &random) {
  tp_backend *backend = open_backend();
  TestTable table = make_table(20000, 1024, TP_F32, 0, random);
  table.rows.table = 1000;
  table.rows.epoch = 1;
  const tp_status status = api->table_sync(backend, &table.rows, nullptr, 0);
  CHECK(status == TP_TOO_LARGE, "%d", status);
  printf("too large: %s\n", api->last_error(backend));
  api->close(backend);
}
#endif

/* What a process with one planted fault answers: its statuses, in the order of the calls. */
std::string outcome_with(const std::string &fault, uint32_t seed,
                         const std::function<void(std::string &)> &body) {
  int pipe_ends[2];
  CHECK(pipe(pipe_ends) == 0, "pipe");
  const pid_t child = fork();
  if (child == 0) {
    setenv("TRIPTYCH_CUDA_FAULT", fault.c_str(), 1);
    std::string said;
    body(said);
    const ssize_t written = write(pipe_ends[1], said.data(), said.size());
    _exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  close(pipe_ends[1]);
  char text[512] = "";
  const ssize_t length = read(pipe_ends[0], text, sizeof text - 1);
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && length > 0, "fault %s, seed %u: the process broke",
        fault.c_str(), seed);
  return text;
}

/* Opens, syncs, reranks twice, closes; says the statuses as digits, and '!' where something was not freed. */
void whole_life(uint32_t seed, std::string &said) {
  std::mt19937 random(seed);
  tp_backend *backend = nullptr;
  const tp_options options = {"0"};
  char text[256];
  const auto note = [&](tp_status status) {
    said += static_cast<char>('0' + status);
    return status;
  };
  if (note(api->open(&options, &backend, text, sizeof text)) != TP_OK) return;
  TestTable table = make_table(40, 16, TP_F32, 0, random);
  table.rows.table = 7;
  table.rows.epoch = 1;
  note(api->table_sync(backend, &table.rows, nullptr, 0));
  for (int i = 0; i < 2; i++) {
    Batch made;
    if (note(rerank_all(backend, table, made, random)) == TP_OK) check_request(made, 0);
  }
  api->table_drop(backend, 7);
  api->close(backend);
}

/*
 * The n-th CUDA call fails, for every n: with a lack of memory only that call's answer is one (3), and what
 * follows works or is refused for want of the table; with a lost device everything from there on is lost (4).
 */
void test_faults(uint32_t seed) {
  int calls = 0;
  const auto life = [&](std::string &said) { whole_life(seed, said); };
  const std::string healthy = outcome_with("0:0", seed, life);
  CHECK(healthy == "0000", "without a fault: %s", healthy.c_str());
  for (int n = 1;; n++, calls++) {
    const std::string memory = outcome_with(std::to_string(n) + ":2", seed, life);
    const std::string lost = outcome_with(std::to_string(n) + ":700", seed, life);
    if (memory == "0000") {
      CHECK(lost == "0000", "call %d: %s", n, lost.c_str());
      break;
    }
    /* Devices that cannot even be counted or opened are unavailable. */
    CHECK(memory.find_first_not_of("0123") == std::string::npos, "call %d without memory: %s", n,
          memory.c_str());
    CHECK(std::count(memory.begin(), memory.end(), '3') + std::count(memory.begin(), memory.end(), '2') == 1,
          "call %d without memory: %s", n, memory.c_str());
    const size_t from = lost.find_first_not_of('0');
    CHECK(from != std::string::npos, "call %d: the loss went unseen", n);
    CHECK(lost.find_first_not_of('4', from) == std::string::npos || lost == "2", "call %d lost: %s", n,
          lost.c_str());
  }
  CHECK(calls > 20, "only %d calls failed", calls);
  printf("faults: %d calls, each without memory and with a lost device\n", calls);
  const std::string hangs = outcome_with("4:hang", seed, life);
  CHECK(hangs.find('4') != std::string::npos && hangs.back() == '4', "hang: %s", hangs.c_str());
  printf("watchdog: %s\n", hangs.c_str());
}

}  // namespace

int main(int argc, char **argv) {
  const auto seed = static_cast<uint32_t>(argc > 1 ? strtoul(argv[1], nullptr, 10) : time(nullptr));
  printf("seed %u\n", seed);
  fflush(stdout);
  std::mt19937 random(seed);
  const std::string what = argc > 2 ? argv[2] : "";
  if (what.empty()) test_faults(seed);
  test_rerank(random);
  test_scan(random);
  test_gram(random);
  test_states(random);
#ifndef TP_SIMT_SHIM
  if (what != "kernels") test_live_updates(random);
#endif
#ifdef TP_SIMT_SHIM
  const long kept = tp_host_live_objects();
  test_too_large(random);
  /* What the device keeps for uploads (two pinned pieces, two events, a stream) and nothing else. */
  CHECK(kept == 5 && tp_host_live_objects() == kept, "%ld objects, then %ld", kept, tp_host_live_objects());
#endif
  printf("all passed\n");
  return 0;
}
