#include "adapters/llama/plain_vision.h"

#include <algorithm>

#include "base/check.h"

namespace moat::adapters::llama {

PlainVision::PlainVision(
    const std::filesystem::path& gguf, const std::filesystem::path& projector, int most_rows
) {
    const auto silent = [](ggml_log_level, const char*, void*) {};
    llama_log_set(silent, nullptr);
    mtmd_helper_log_set(silent, nullptr);
    model_ = llama_model_load_from_file(gguf.c_str(), llama_model_default_params());
    CHECK(model_ != nullptr, gguf.string());
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = 4096;
    parameters.n_batch = 512;
    parameters.n_ubatch = 512;
    parameters.n_threads = 1;
    parameters.n_threads_batch = 1;
    context_ = llama_init_from_model(model_, parameters);
    mtmd_context_params vision = mtmd_context_params_default();
    vision.use_gpu = false;
    vision.print_timings = false;
    vision.n_threads = 1;
    vision.warmup = false;
    vision.image_max_tokens = most_rows;
    projector_ = mtmd_init_from_file(projector.c_str(), model_, vision);
    CHECK(context_ != nullptr && projector_ != nullptr);
}

PlainVision::~PlainVision() {
    mtmd_free(projector_);
    llama_free(context_);
    llama_model_free(model_);
}

std::vector<llama_token> PlainVision::greedy(
    const std::string& text, const std::vector<std::string>& files, int count
) {
    mtmd::bitmaps bitmaps;
    for (const std::string& file : files) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
        const auto made = mtmd_helper_bitmap_init_from_buf(
            projector_, bytes, file.size(), false, mtmd_helper_init_opt_default()
        );
        CHECK(made.bitmap != nullptr);
        bitmaps.entries.emplace_back(made.bitmap);
    }
    const auto pointers = bitmaps.c_ptr();
    const mtmd::input_chunks chunks(mtmd_input_chunks_init());
    const mtmd_input_text input{text.data(), text.size(), true, true};
    CHECK(
        mtmd_tokenize(projector_, chunks.ptr.get(), &input, pointers.data(), pointers.size()) == 0
    );
    llama_memory_clear(llama_get_memory(context_), true);
    llama_pos position = 0;
    CHECK(
        mtmd_helper_eval_chunks(
            projector_, context_, chunks.ptr.get(), 0, 0, 512, true, &position
        ) == 0
    );
    const llama_vocab* vocabulary = llama_model_get_vocab(model_);
    std::vector<llama_token> answer;
    for (int i = 0; i < count; ++i) {
        const float* values = llama_get_logits_ith(context_, -1);
        auto token = static_cast<llama_token>(
            std::max_element(values, values + llama_vocab_n_tokens(vocabulary)) - values
        );
        if (llama_vocab_is_eog(vocabulary, token)) break;
        answer.push_back(token);
        llama_batch batch = llama_batch_get_one(&token, 1);
        batch.pos = &position;  // with positions in two dimensions they do not follow the cells
        CHECK(llama_decode(context_, batch) == 0);
        ++position;
    }
    return answer;
}

}  // namespace moat::adapters::llama
