#include "adapters/llama/plain_llama.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace moat::adapters::llama {

PlainLlama::PlainLlama(const std::filesystem::path& gguf, bool embeddings) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    model_ = llama_model_load_from_file(gguf.c_str(), llama_model_default_params());
    CHECK(model_ != nullptr, gguf.string());
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = 512;
    parameters.n_batch = 512;
    parameters.n_ubatch = 512;
    parameters.embeddings = embeddings;
    parameters.n_threads = 1;
    parameters.n_threads_batch = 1;
    context_ = llama_init_from_model(model_, parameters);
    CHECK(context_ != nullptr);
}

PlainLlama::~PlainLlama() {
    llama_free(context_);
    llama_model_free(model_);
}

std::vector<llama_token> PlainLlama::tokenize(const std::string& text) const {
    std::vector<llama_token> tokens(text.size() + 8);
    const int count = llama_tokenize(
        llama_model_get_vocab(model_),
        text.data(),
        static_cast<int>(text.size()),
        tokens.data(),
        static_cast<int>(tokens.size()),
        true,
        true
    );
    CHECK(count >= 0);
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
}

std::vector<float> PlainLlama::logits(const std::vector<llama_token>& tokens) {
    llama_memory_clear(llama_get_memory(context_), true);
    for (llama_token token : tokens) {
        CHECK(llama_decode(context_, llama_batch_get_one(&token, 1)) == 0);
    }
    const float* values = llama_get_logits_ith(context_, -1);
    return {values, values + llama_vocab_n_tokens(llama_model_get_vocab(model_))};
}

std::vector<llama_token> PlainLlama::greedy(const std::vector<llama_token>& prompt, int count) {
    const llama_vocab* vocabulary = llama_model_get_vocab(model_);
    std::vector<llama_token> answer;
    std::vector<float> values = logits(prompt);
    for (int i = 0; i < count; ++i) {
        auto token = static_cast<llama_token>(
            std::max_element(values.begin(), values.end()) - values.begin()
        );
        if (llama_vocab_is_eog(vocabulary, token)) break;
        answer.push_back(token);
        CHECK(llama_decode(context_, llama_batch_get_one(&token, 1)) == 0);
        const float* next = llama_get_logits_ith(context_, -1);
        values.assign(next, next + values.size());
    }
    return answer;
}

std::vector<float> PlainLlama::embed(const std::string& text) {
    std::vector<llama_token> tokens = tokenize(text);
    CHECK(
        llama_encode(
            context_, llama_batch_get_one(tokens.data(), static_cast<int>(tokens.size()))
        ) == 0
    );
    const float* values = llama_get_embeddings_seq(context_, 0);
    CHECK(values != nullptr);
    std::vector<float> vector(values, values + llama_model_n_embd_out(model_));
    double sum = 0;
    for (const float value : vector)
        sum += static_cast<double>(value) * value;
    for (float& value : vector)
        value /= static_cast<float>(std::sqrt(sum));
    return vector;
}

}  // namespace moat::adapters::llama
