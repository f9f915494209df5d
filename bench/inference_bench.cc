// One runner, without HTTP, beside llama.cpp on the same file in the same run. Both take turns, so
// that a noisy minute hits both; figures are medians over the rounds. The models are those of
// scripts/test_models.sh --bench, found by MOAT_BENCH_MODELS.
//
//   inference_bench [ROUNDS [PART]]     PART: chat, embed; both unless told
//
// MOAT_THREADS: threads of both sides (default: all cores). On a machine that is busy with other
// things one thread says more: llama.cpp's threads wait for each other.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/child_process.h"
#include "base/json.h"
#include "inference/runner_process.h"

namespace moat {
namespace {

using namespace inference;
using Clock = std::chrono::steady_clock;

constexpr int kPromptTokens = 512;
constexpr int kAnswerTokens = 128;
constexpr int kTexts = 100;
constexpr int kTextTokens = 256;

[[noreturn]] void fail(const std::string& text) {
    fmt::print(stderr, "error: {}\n", text);
    std::exit(1);  // NOLINT(concurrency-mt-unsafe): no other thread is left
}

template <class T>
T value_of(Result<T> result) {
    if (!result) fail(result.error().message);
    return std::move(*result);
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::filesystem::path program(const std::string& name) {
    return std::filesystem::path(value_of(own_executable())).parent_path() / name;
}

// A number of what moat_llama_reference prints.
double reference(const std::string& arguments, const std::string& key) {
    const std::string command = program("moat_llama_reference").string() + " " + arguments;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) fail("cannot start moat_llama_reference");
    std::string text;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        text.append(buffer.data(), got);
    }
    if (::pclose(pipe) != 0) fail("moat_llama_reference failed");
    return json::number_or(value_of(json::read(text)), key, 0);
}

std::unique_ptr<RunnerProcess> start(const std::filesystem::path& gguf, bool embedding, int slots) {
    LoadCommand load;
    load.model.key = gguf.string();
    load.model.name = gguf.stem().string();
    load.model.gguf = gguf;
    load.model.embedding = embedding;
    load.context_length = 2048;
    load.slots = slots;
    if (const char* threads = std::getenv("MOAT_THREADS")) {  // NOLINT(concurrency-mt-unsafe)
        load.model.load.num_thread = std::atoi(threads);
    }
    return value_of(RunnerProcess::start(
        {program("moat_runner").string()}, load, {.stall_limit = std::chrono::minutes(1)}
    ));
}

// Tokens no two prompts share, so that nothing is found in the cache.
std::vector<std::int32_t> prompt(int count, int salt) {
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < count; ++i)
        tokens.push_back(1000 + (i * 7919 + salt * 104729) % 100000);
    return tokens;
}

GenerateRequest request(std::vector<std::int32_t> tokens, int count, float temperature) {
    GenerateRequest request;
    request.prompt = std::move(tokens);
    request.num_predict = count;
    request.sampling.temperature = temperature;
    request.sampling.seed = 1;
    return request;
}

const EventSink kIgnore = [](const GenerateEvent&) { return true; };

double prefill(RunnerProcess& runner, int salt) {
    const auto begin = Clock::now();
    value_of(runner.generate("bench", request(prompt(kPromptTokens, salt), 1, 0), kIgnore, {}));
    return kPromptTokens / seconds_since(begin);
}

// Between the first and the last token, as the runner counts.
double decode(RunnerProcess& runner, int salt, float temperature) {
    const auto wanted = request(prompt(8, salt), kAnswerTokens, temperature);
    const auto result = value_of(runner.generate("bench", wanted, kIgnore, {}));
    const std::chrono::duration<double> took = result.generate;
    return (result.generated_tokens - 1) / took.count();
}

// Tokens per second of all, when `clients` ask at once.
double concurrent(RunnerProcess& runner, int clients, int salt) {
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < clients; ++i) {
            threads.emplace_back([&, i] {
                value_of(runner.generate(
                    "bench", request(prompt(64, salt * 100 + i), kAnswerTokens, 0.8F), kIgnore, {}
                ));
            });
        }
    }
    return clients * kAnswerTokens / seconds_since(begin);
}

// Text of about as many tokens as asked for; what it really has is counted by the runner.
std::string text_of(RunnerProcess& runner, int salt) {
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < kTextTokens - 2; ++i) {
        tokens.push_back(2000 + (i * 7919 + salt * 104729) % 20000);
    }
    return value_of(runner.detokenize(tokens, {}));
}

std::vector<std::string> make_texts(RunnerProcess& runner) {
    std::vector<std::string> texts;
    for (int i = 0; i < kTexts; ++i)
        texts.push_back(text_of(runner, i));
    return texts;
}

// Tokens per second: texts may have a token more or less than the reference's.
double embed(RunnerProcess& runner, const std::vector<std::string>& texts) {
    const auto begin = Clock::now();
    const auto result = value_of(runner.embed({texts}, {}));
    return result.prompt_tokens / seconds_since(begin);
}

double embed_singly(RunnerProcess& runner, const std::vector<std::string>& texts) {
    const auto begin = Clock::now();
    std::atomic<int> tokens = 0;
    {
        std::vector<std::jthread> threads;
        for (const auto& text : texts) {
            threads.emplace_back([&] {
                tokens += value_of(runner.embed({{text}}, {})).prompt_tokens;
            });
        }
    }
    return tokens / seconds_since(begin);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void compare(
    const std::string& name,
    int rounds,
    const std::function<double(int)>& ours,
    const std::function<double()>& theirs
) {
    std::vector<double> mine;
    std::vector<double> reference;
    for (int i = 0; i < rounds; ++i) {
        mine.push_back(ours(i));
        reference.push_back(theirs());
    }
    const double a = median(mine);
    const double b = median(reference);
    fmt::print("{:<44} {:>10.1f} {:>10.1f} {:>7.3f}\n", name, a, b, a / b);
    std::fflush(stdout);
}

void bench_chat(const std::filesystem::path& gguf, int rounds) {
    const std::string name = gguf.stem().string();
    const std::string file = "'" + gguf.string() + "' ";
    const auto rate = [&](const std::string& what, int tokens) {
        return reference(what + " " + file + std::to_string(tokens), "tokens_per_second");
    };
    const auto runner = start(gguf, false, 8);
    decode(*runner, 0, 0);  // warm
    const auto plain = [&] { return rate("decode", kAnswerTokens); };
    compare(name + " decode, greedy", rounds, [&](int i) { return decode(*runner, i, 0); }, plain);
    compare(
        name + " decode, sampled", rounds, [&](int i) { return decode(*runner, i, 0.8F); }, plain
    );
    compare(
        name + " prefill",
        rounds,
        [&](int i) { return prefill(*runner, i + 1); },
        [&] { return rate("prefill", kPromptTokens); }
    );
    compare(
        name + " 8 at once, against one at a time",
        1,
        [&](int i) { return concurrent(*runner, 8, i + 1); },
        [&] { return concurrent(*runner, 1, 50); }
    );
}

void bench_embed(const std::filesystem::path& gguf, int rounds) {
    const auto runner = start(gguf, true, 1);
    const auto texts = make_texts(*runner);
    embed(*runner, texts);  // warm
    const auto theirs = [&] {
        const std::string counts = std::to_string(kTexts) + " " + std::to_string(kTextTokens);
        return reference("embed '" + gguf.string() + "' " + counts, "tokens_per_second");
    };
    compare(
        "embed 100 texts in one request", rounds, [&](int) { return embed(*runner, texts); }, theirs
    );
    compare(
        "embed 100 requests of one text at once",
        rounds,
        [&](int) { return embed_singly(*runner, texts); },
        theirs
    );
}

}  // namespace
}  // namespace moat

int main(int argc, char** argv) {
    const char* folder = std::getenv("MOAT_BENCH_MODELS");  // NOLINT(concurrency-mt-unsafe)
    if (folder == nullptr) moat::fail("MOAT_BENCH_MODELS names no folder of models");
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
    const std::string part = argc > 2 ? argv[2] : "";
    const std::filesystem::path models = folder;
    fmt::print("{:<44} {:>10} {:>10} {:>7}\n", "tokens/s", "moat", "llama.cpp", "ratio");
    for (const char* name : {"bench-chat-q8_0.gguf", "bench-chat-q4_k_m.gguf"}) {
        if (part != "embed") moat::bench_chat(models / name, rounds);
    }
    if (part != "chat") moat::bench_embed(models / "bench-embed.gguf", rounds);
    return 0;
}
