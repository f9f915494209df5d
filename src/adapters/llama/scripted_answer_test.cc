// What grammars, schemas and forced calls make of an answer.
#include <algorithm>
#include <chrono>
#include <random>

#include "adapters/llama/token_sampler_fixture.h"
#include "base/json.h"

namespace moat::adapters::llama {
namespace {

// A model that would say `script`: what does the sampler make of it?
class ScriptedAnswerTest : public TokenSamplerTest {
  protected:
    struct Said {
        std::string text;
        bool ended = false;
        std::string error;
    };
    static Said say(const GenerateRequest& request, std::string_view script, int most = 200) {
        std::vector<bool> blank;
        for (std::size_t id = 0; id < vocabulary(); ++id) {
            const std::string text = model->piece(static_cast<llama_token>(id), false);
            blank.push_back(text.find_first_not_of(" \t\r\n") == std::string::npos);
        }
        TokenSampler one = sampler(request);
        const Tokens tokens = model->tokenize(script, false, true);
        const llama_token end = llama_vocab_eos(model->vocabulary());
        Said out;
        for (int i = 0; i < most; ++i) {
            std::vector<float> numbers(vocabulary(), 0.0F);
            const auto next = static_cast<std::size_t>(i);
            for (std::size_t id = 0; id < numbers.size(); ++id)
                if (blank[id]) numbers[id] = -1;  // it would rather say something
            numbers[static_cast<std::size_t>(next < tokens.size() ? tokens[next] : end)] = 10;
            const auto token = one.sample(numbers);
            if (!token) {
                out.error = token.error().message;
                return out;
            }
            if (llama_vocab_is_eog(model->vocabulary(), *token)) {
                out.ended = true;
                return out;
            }
            out.text += model->piece(*token, one.is_preserved(*token));
        }
        return out;
    }
    static GenerateRequest greedy() {
        GenerateRequest request;
        request.sampling.temperature = 0;
        return request;
    }
    static constexpr std::string_view kSchema =
        R"({"type":"object","properties":{"a":{"enum":["x","y"]}},"required":["a"]})";
};

TEST_F(ScriptedAnswerTest, ThoughtAndSchemaAreOneAnswer) {
    auto request = greedy();
    request.json_schema = kSchema;
    request.thought = {.open = "<think>", .close = "</think>"};
    const Said said = say(request, "<think>Is it x, or {y}?</think>\nIt is x, I would say.");
    EXPECT_TRUE(said.ended) << said.text << said.error;
    const auto close = said.text.find("</think>");
    ASSERT_NE(close, std::string::npos) << said.text;
    EXPECT_NE(said.text.find("Is it x, or {y}?"), std::string::npos) << said.text;
    const auto answer = json::read(said.text.substr(close + 8));
    ASSERT_TRUE(answer) << said.text;
    EXPECT_TRUE(json::string_or(*answer, "a") == "x" || json::string_or(*answer, "a") == "y");

    // A model that does not think is bound from the first token.
    const Said at_once = say(request, "{\"a\": \"x\"} and more");
    EXPECT_TRUE(at_once.ended);
    EXPECT_EQ(at_once.text.substr(at_once.text.find('{')), "{\"a\": \"x\"}");
    // One that ends within its thought may not: the answer is still to come.
    request.thought->begun = true;
    EXPECT_FALSE(say(request, "Hm.", 20).ended);
}

TEST_F(ScriptedAnswerTest, AForcedCallIsACall) {
    auto request = greedy();
    request.calls = {
        .before = "<tool_call>\n",
        .schema = R"({"anyOf":[{"type":"object","properties":{"name":{"const":"now"},
            "arguments":{"type":"object","properties":{"zone":{"enum":["utc"]}},
            "required":["zone"],"additionalProperties":false}},"required":["name","arguments"]}]})"
    };
    const Said said = say(request, "I would rather not.");
    EXPECT_TRUE(said.ended) << said.text << said.error;
    ASSERT_TRUE(said.text.find("<tool_call>\n") <= 1) << said.text;
    const auto call = json::read(said.text.substr(said.text.find('{')));
    ASSERT_TRUE(call) << said.text;
    EXPECT_EQ(json::string_or(*call, "name"), "now");
    EXPECT_EQ(json::write(*json::find(*call, "arguments")), R"({"zone":"utc"})");
}

TEST_F(ScriptedAnswerTest, AGrammarAllowsWhatLlamasDoes) {
    auto request = greedy();
    request.grammar = "root ::= \" \"? [A-Z] [a-z]{2,5} (\", \" [a-z]+)* \".\"";
    EXPECT_LE(say(request, "Tom, a boy. And more").text.find("Tom, "), 1U);
    const SamplerPtr theirs(
        llama_sampler_init_grammar(model->vocabulary(), request.grammar.c_str(), "root")
    );
    TokenSampler ours = sampler(request);
    // Token by token, from the whole vocabulary: the same are refused.
    std::mt19937 random(5);
    for (int step = 0; step < 12; ++step) {
        std::vector<llama_token_data> all;
        std::vector<llama_token> allowed;
        for (std::size_t i = 0; i < vocabulary(); ++i)
            all.push_back({static_cast<llama_token>(i), 1, 0});
        llama_token_data_array array{all.data(), all.size(), -1, false};
        llama_sampler_apply(theirs.get(), &array);
        for (const auto& one : all)
            if (one.logit == 1 && !llama_vocab_is_eog(model->vocabulary(), one.id))
                allowed.push_back(one.id);
        if (allowed.empty()) break;
        // What theirs refuses is made likely: ours must choose among what theirs allows.
        std::vector<float> numbers(vocabulary(), 5.0F);
        for (const llama_token token : allowed)
            numbers[static_cast<std::size_t>(token)] = 0;
        const llama_token wanted = allowed[random() % allowed.size()];
        numbers[static_cast<std::size_t>(wanted)] = 1;
        const auto token = ours.sample(numbers);
        ASSERT_TRUE(token) << token.error().message;
        ASSERT_EQ(*token, wanted) << "step " << step;
        llama_sampler_accept(theirs.get(), *token);
    }
}

TEST_F(ScriptedAnswerTest, HostileGrammarsEndInAnErrorAndSoon) {
    const auto begin = std::chrono::steady_clock::now();
    auto request = greedy();
    // No token fits: a character the vocabulary may have, and then nothing at all.
    request.grammar = "root ::= \"a\" []";
    EXPECT_FALSE(say(request, "aaaa").error.empty());
    request.grammar = "root ::= \"a\" root \"x\" | \"a\" root \"y\" | \"a\"";
    const std::string error = say(request, std::string(400, 'a')).error;
    EXPECT_NE(error.find("too ambiguous"), std::string::npos) << error;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace moat::adapters::llama
