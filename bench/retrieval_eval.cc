// Ranks the queries of the evaluation sets and compares nDCG@10 with the baselines which the sets'
// README gives. Keyword side only: a vector side needs an embedding model (bench/README.md).
//
//   retrieval_eval [FOLDER]     default: $MOAT_SHARED/data/eval, or ../shared/data/eval
//
// Exit 1 when a set comes out under its baseline.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "access/policy.h"
#include "adapters/jieba/segmenter.h"
#include "adapters/rocksdb/store.h"
#include "base/json.h"
#include "base/temp_dir.h"
#include "collections/open.h"

namespace moat {
namespace {

using collections::Collection;
using collections::Object;

struct Baseline {
    const char* set;
    double ndcg;
};
constexpr Baseline kBaselines[] = {
    {"en-squad2", 0.867},
    {"xquad-en", 0.968},
    {"xquad-zh", 0.968},
    {"zh-cmrc", 0.983},
    {"zh-hant-drcd", 0.959},
    {"en-scifact", 0.662},
    {"zh-statute", 0.481},
    {"zh-dureader", 0.727},
    {"en-faq-covid", 0.622},
};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
    std::string text;
    const gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) return {};
    char buffer[1 << 16];
    for (int n = gzread(file, buffer, sizeof buffer); n > 0;
         n = gzread(file, buffer, sizeof buffer)) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    gzclose(file);
    std::vector<std::string> lines;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

struct EvaluationSet {
    std::vector<std::pair<std::string, json::Value>> corpus;  // by _id
    std::vector<std::pair<std::string, std::string>> queries;
    std::map<std::string, std::map<std::string, double>> relevance;
};

EvaluationSet load(const std::filesystem::path& folder) {
    EvaluationSet set;
    for (const std::string& line : lines_of(folder / "corpus.jsonl.gz")) {
        auto value = json::read(line);
        if (!value) continue;
        std::string id = json::string_or(*value, "_id");
        set.corpus.emplace_back(std::move(id), std::move(*value));
    }
    for (const std::string& line : lines_of(folder / "qrels.tsv.gz")) {
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        if (second == std::string::npos || line.starts_with("query-id")) continue;
        set.relevance[line.substr(0, first)][line.substr(first + 1, second - first - 1)] =
            std::atof(line.c_str() + second + 1);
    }
    for (const std::string& line : lines_of(folder / "queries.jsonl.gz")) {
        const auto value = json::read(line);
        if (!value) continue;
        const std::string id = json::string_or(*value, "_id");
        if (set.relevance.contains(id))
            set.queries.emplace_back(id, json::string_or(*value, "text"));
    }
    return set;
}

double ndcg_at_10(
    const std::vector<std::string>& ranked, const std::map<std::string, double>& relevance
) {
    double gain = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, ranked.size()); ++i) {
        const auto found = relevance.find(ranked[i]);
        if (found != relevance.end()) gain += found->second / std::log2(static_cast<double>(i) + 2);
    }
    std::vector<double> ideal;
    for (const auto& [id, score] : relevance)
        ideal.push_back(score);
    std::sort(ideal.rbegin(), ideal.rend());
    double best = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(10, ideal.size()); ++i) {
        best += ideal[i] / std::log2(static_cast<double>(i) + 2);
    }
    return best > 0 ? gain / best : 0;
}

Status fill(Collection& collection, const EvaluationSet& set) {
    const Principal who = access::system_principal();
    collections::WriteBatch batch;
    for (const auto& [id, value] : set.corpus) {
        Object object;
        object.id = uuid_of(id);
        object.properties["key"] = id;
        object.properties["text"] =
            json::string_or(value, "title") + "\n" + json::string_or(value, "text");
        batch.puts.push_back(std::move(object));
        if (batch.puts.size() == 500) TRY(collection.write(who, std::exchange(batch, {})));
    }
    return collection.write(who, std::move(batch));
}

struct Outcome {
    double ndcg = 0;
    double first_hit = 0;
    double milliseconds = 0;  // a query
};

Result<Outcome> evaluate(
    collections::Database& database, const std::string& name, const EvaluationSet& set
) {
    const Principal who = access::system_principal();
    collections::Schema schema;
    schema.name = "Set_" + name;
    std::replace(schema.name.begin(), schema.name.end(), '-', '_');
    schema.properties = {
        {.name = "key", .tokenization = collections::Tokenization::field, .searchable = false},
        {.name = "text"},
    };
    TRY_ASSIGN(const auto collection, database.create(who, schema));
    TRY(fill(*collection, set));
    Outcome outcome;
    const auto start = std::chrono::steady_clock::now();
    for (const auto& [id, text] : set.queries) {
        TRY_ASSIGN(const auto hits, collection->search(who, {.query = text, .limit = 10}));
        std::vector<std::string> ranked;
        for (const auto& hit : hits.hits) {
            ranked.push_back(json::string_or(hit.object.properties, "key"));
        }
        outcome.ndcg += ndcg_at_10(ranked, set.relevance.at(id));
        if (!ranked.empty() && set.relevance.at(id).contains(ranked.front())) ++outcome.first_hit;
    }
    const auto count = static_cast<double>(std::max<std::size_t>(set.queries.size(), 1));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    outcome.ndcg /= count;
    outcome.first_hit /= count;
    outcome.milliseconds = took.count() / count;
    return outcome;
}

std::filesystem::path default_folder() {
    const char* shared = std::getenv("MOAT_SHARED");
    return std::filesystem::path(shared != nullptr ? shared : "../shared") / "data" / "eval";
}

int run(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder)) {
        fmt::print("skipped: no evaluation sets at the given folder\n");
        return 0;
    }
    const TempDir dir;
    auto store = adapters::rocksdb_store::open_store(dir.path() / "store");
    CHECK(store.has_value(), "the store did not open");
    collections::DatabaseParts parts;
    parts.store = std::move(*store);
    parts.segmenter = adapters::jieba::make_segmenter();
    auto database = collections::open_database(dir.path(), std::move(parts));
    CHECK(database.has_value(), "the database did not open");
    fmt::print("| set | passages | queries | nDCG@10 | baseline | ratio | hit@1 | ms/query |\n");
    fmt::print("|---|---|---|---|---|---|---|---|\n");
    bool all_reached = true;
    for (const Baseline& baseline : kBaselines) {
        const EvaluationSet set = load(folder / baseline.set);
        if (set.corpus.empty()) continue;
        const auto outcome = evaluate(**database, baseline.set, set);
        CHECK(outcome.has_value(), outcome.error().message);
        // The baselines are given to three places.
        const bool reached = outcome->ndcg >= baseline.ndcg - 0.0005;
        all_reached = all_reached && reached;
        fmt::print(
            "| {} | {} | {} | {:.4f} | {:.3f} | {:.3f}{} | {:.3f} | {:.2f} |\n",
            baseline.set,
            set.corpus.size(),
            set.queries.size(),
            outcome->ndcg,
            baseline.ndcg,
            outcome->ndcg / baseline.ndcg,
            reached ? "" : " UNDER",
            outcome->first_hit,
            outcome->milliseconds
        );
        std::fflush(stdout);
    }
    return all_reached ? 0 : 1;
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    return moat::run(argc > 1 ? std::filesystem::path(argv[1]) : moat::default_folder());
}
