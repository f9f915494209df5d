#pragma once

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "inference/runner_process.h"

// The real runner program with small models of the tests, for the tests of this folder.
namespace moat::adapters::llama {

using namespace inference;  // NOLINT(google-build-using-namespace): tests of its protocol
using std::chrono::minutes;

inline std::filesystem::path models_folder() {
    const char* folder = std::getenv("MOAT_TEST_MODELS");
    return folder == nullptr ? "" : folder;
}

class RunnerTest : public testing::Test {
  protected:
    void SetUp() override {
        if (models_folder().empty()) {
            GTEST_SKIP() << "MOAT_TEST_MODELS names no folder of test models";
        }
    }

    // A model file, or a skipped test.
    static std::filesystem::path file(const std::string& name) {
        return models_folder() / (name + ".gguf");
    }

    static LoadCommand command(const std::string& name, int context = 512, int slots = 4) {
        LoadCommand load;
        load.model.key = name;
        load.model.name = name;
        load.model.gguf = file(name);
        load.model.embedding = name == "tiny-embed";
        load.model.load.num_thread = 1;  // tests share their cores; tiny models need no more
        load.context_length = context;
        load.slots = slots;
        return load;
    }

    static std::unique_ptr<RunnerProcess> start(const LoadCommand& load);
    static std::unique_ptr<RunnerProcess> start(
        const std::string& name, int context = 512, int slots = 4
    ) {
        return start(command(name, context, slots));
    }

    static GenerateRequest greedy(const std::string& prompt, int count) {
        GenerateRequest request;
        request.prompt = prompt;
        request.sampling.temperature = 0;
        request.num_predict = count;
        return request;
    }

    struct Answer {
        std::string text;
        std::string thinking;
        std::vector<TokenLogprob> logprobs;
        Result<GenerateResult> result = GenerateResult{};
    };
    static Answer run(
        RunnerProcess& runner,
        const GenerateRequest& request,
        const std::stop_token& stop = {},
        const std::string& owner = "anna"
    ) {
        Answer answer;
        const auto sink = [&](const GenerateEvent& event) {
            answer.text += event.content;
            answer.thinking += event.thinking;
            answer.logprobs.insert(
                answer.logprobs.end(), event.logprobs.begin(), event.logprobs.end()
            );
            return true;
        };
        answer.result = runner.generate(owner, request, sink, stop);
        return answer;
    }

    static double cosine(const std::vector<float>& a, const std::vector<float>& b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            ab += static_cast<double>(a[i]) * b[i];
            aa += static_cast<double>(a[i]) * a[i];
            bb += static_cast<double>(b[i]) * b[i];
        }
        return ab / std::sqrt(aa * bb);
    }
};

// The trained story teller: text that can be read, so that a wrong state shows.
class StoriesTest : public RunnerTest {
  protected:
    void SetUp() override {
        RunnerTest::SetUp();
        if (!IsSkipped() && !std::filesystem::exists(file("stories260k"))) {
            GTEST_SKIP() << "stories260k.gguf was not made: the shared data is absent";
        }
    }
};

}  // namespace moat::adapters::llama
