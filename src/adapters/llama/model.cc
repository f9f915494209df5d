#include "adapters/llama/model.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <ggml-backend.h>

#include "adapters/llama/cache_types.h"
#include "adapters/llama/cores.h"
#include "inference/cache_type.h"

namespace moat::adapters::llama {
namespace {

using inference::ModelSource;

using Devices = std::vector<ggml_backend_dev_t>;  // ends with nullptr; empty: any

Result<Devices> devices_of(const Cards& cards) {
    Devices out;
    if (cards.names.empty()) return out;
    for (const std::string& name : cards.names) {
        out.push_back(ggml_backend_dev_by_name(name.c_str()));
        if (out.back() == nullptr)
            return Error{ErrorCode::unsupported, "there is no graphics card " + name + " here"};
    }
    out.push_back(nullptr);
    return out;
}

llama_model_params parameters_of(
    const ModelSource& source,
    const Cards& cards,
    Devices& devices,
    const std::function<void(double)>& progress
) {
    llama_model_params parameters = llama_model_default_params();
    parameters.n_gpu_layers = cards.layers;
    if (!devices.empty()) parameters.devices = devices.data();
    // Cards that were chosen for it hold it among them; what is left to llama.cpp takes one.
    if (source.load.main_gpu && devices.empty()) {
        parameters.main_gpu = *source.load.main_gpu;
        parameters.split_mode = LLAMA_SPLIT_MODE_NONE;
    }
    if (source.load.use_mmap) {
        parameters.load_mode = *source.load.use_mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    }
    parameters.progress_callback = [](float fraction, void* data) {
        (*static_cast<const std::function<void(double)>*>(data))(static_cast<double>(fraction));
        return true;
    };
    parameters.progress_callback_user_data = const_cast<std::function<void(double)>*>(&progress);
    return parameters;
}

// Threads wait for each other after every operation of a layer; in a tiny model that takes longer
// than the operation.
int threads_for(const ModelSource& source, std::uint64_t weights) {
    constexpr std::uint64_t kWeightsForAThread = 4'000'000;
    if (source.load.num_thread > 0) return std::min(source.load.num_thread, GGML_MAX_N_THREADS);
    const auto worth =
        std::clamp<std::uint64_t>(weights / kWeightsForAThread, 1, GGML_MAX_N_THREADS);
    return std::min(usable_cores(), static_cast<int>(worth));
}

Error cannot_load(const std::string& name, const LogCapture& log) {
    const std::string cause = log.last_error();
    return Error{
        ErrorCode::corrupt,
        "unable to load model " + name + (cause.empty() ? std::string() : ": " + cause)
    };
}

llama_model* load_weights(const ModelSource& source, const llama_model_params& parameters) {
    if (source.shards.empty()) return llama_model_load_from_file(source.gguf.c_str(), parameters);
    std::vector<const char*> paths;
    for (const auto& shard : source.shards)
        paths.push_back(shard.c_str());
    return llama_model_load_from_splits(paths.data(), paths.size(), parameters);
}

}  // namespace

Result<Model> Model::load(
    const ModelSource& source,
    const Cards& cards,
    const LogCapture& log,
    const std::function<void(double)>& progress
) {
    std::error_code missing;
    if (!std::filesystem::exists(source.gguf, missing)) {
        return Error{ErrorCode::not_found, "the file of model " + source.name + " is missing"};
    }
    Model model;
    TRY_ASSIGN(Devices devices, devices_of(cards));
    model.model_.reset(load_weights(source, parameters_of(source, cards, devices, progress)));
    if (model.model_ == nullptr) return cannot_load(source.name, log);
    model.threads_ = threads_for(source, llama_model_n_params(model.get()));
    model.vocabulary_ = llama_model_get_vocab(model.get());
    model.uses_gpu_ = cards.layers != 0 && llama_supports_gpu_offload();
    TRY(model.load_adapters(source, log));
    model.load_ = source.load;
    // An encoder keeps no states.
    model.load_.cache_type = source.embedding ? "f16" : usable_cache_type(model.get(), source.load);

    // Kept over all batches: llama.cpp would start new threads for every one.
    ggml_threadpool_params pool = ggml_threadpool_params_default(model.threads_);
    model.threadpool_.reset(ggml_threadpool_new(&pool));
    if (model.threadpool_ == nullptr) {
        return Error{ErrorCode::too_large, "cannot start the threads of a runner"};
    }
    return model;
}

Status Model::load_adapters(const ModelSource& source, const LogCapture& log) {
    for (const auto& path : source.adapters) {
        llama_adapter_lora* adapter = llama_adapter_lora_init(get(), path.c_str());
        if (adapter == nullptr) return cannot_load(source.name + " (its adapter)", log);
        adapters_.push_back(adapter);
    }
    return Ok{};
}

std::int64_t Model::cache_bytes_of_32_values() const {
    return static_cast<std::int64_t>(inference::bytes_of_32_values(load_.cache_type));
}

std::string Model::cache_type_mark() const {
    return load_.cache_type == "f16" ? "" : " " + load_.cache_type;
}

Result<ContextPtr> Model::make_context(llama_context_params parameters, int threads) const {
    parameters.n_threads = threads;
    parameters.n_threads_batch = threads;
    parameters.no_perf = true;
    set_attention(parameters, load_.cache_type, load_);
    ContextPtr context(llama_init_from_model(get(), parameters));
    if (context == nullptr) {
        return Error{
            ErrorCode::too_large,
            "not enough memory for the attention state of " + std::to_string(parameters.n_ctx) +
                " tokens; lower num_ctx"
        };
    }
    // A pool serves one context at a time; those of one thread run beside each other without.
    if (threads > 1) {
        llama_attach_threadpool(context.get(), threadpool_.get(), threadpool_.get());
    }
    std::vector<llama_adapter_lora*> adapters = adapters_;
    std::vector<float> scales(adapters.size(), 1.0F);
    if (!adapters.empty() &&
        llama_set_adapters_lora(context.get(), adapters.data(), adapters.size(), scales.data()) !=
            0) {
        return Error{ErrorCode::corrupt, "an adapter does not fit its model"};
    }
    return context;
}

Tokens Model::tokenize(std::string_view text, bool special, bool parse) const {
    const auto length = static_cast<std::int32_t>(text.size());
    const auto run = [&](Tokens& out) {
        const auto room = static_cast<std::int32_t>(out.size());
        return llama_tokenize(vocabulary_, text.data(), length, out.data(), room, special, parse);
    };
    // A guess that is nearly always enough; the exact count comes back negative when it is not.
    Tokens tokens(text.size() / 2 + 16);
    std::int32_t count = run(tokens);
    if (count < 0) {
        tokens.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(count)));
        count = run(tokens);
    }
    tokens.resize(static_cast<std::size_t>(std::max(0, count)));
    return tokens;
}

std::string Model::piece(llama_token token, bool special) const {
    char buffer[256];
    std::int32_t length =
        llama_token_to_piece(vocabulary_, token, buffer, sizeof buffer, 0, special);
    if (length >= 0) return {buffer, static_cast<std::size_t>(length)};
    std::string text(static_cast<std::size_t>(-length), '\0');
    length = llama_token_to_piece(vocabulary_, token, text.data(), -length, 0, special);
    text.resize(static_cast<std::size_t>(std::max(0, length)));
    return text;
}

const TokenTexts& Model::texts() const {
    std::call_once(texts_->once, [this] { texts_->made.emplace(vocabulary_); });
    return *texts_->made;
}

std::string Model::detokenize(std::span<const llama_token> tokens) const {
    std::string text(tokens.size() * 4 + 64, '\0');
    const auto run = [&] {
        return llama_detokenize(
            vocabulary_,
            tokens.data(),
            static_cast<std::int32_t>(tokens.size()),
            text.data(),
            static_cast<std::int32_t>(text.size()),
            false,
            true
        );
    };
    std::int32_t length = run();
    if (length < 0) {
        text.resize(static_cast<std::size_t>(-static_cast<std::int64_t>(length)));
        length = run();
    }
    text.resize(static_cast<std::size_t>(std::max(0, length)));
    return text;
}

std::vector<inference::Gpu> gpus_now() {
    std::vector<inference::Gpu> out;
    for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_GPU) continue;
        std::size_t free = 0;
        std::size_t total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        out.push_back({ggml_backend_dev_name(device), free});
    }
    return out;
}

std::int64_t free_gpu_bytes() {
    std::int64_t sum = 0;
    for (const inference::Gpu& gpu : gpus_now())
        sum += static_cast<std::int64_t>(gpu.free_bytes);
    return sum;
}

}  // namespace moat::adapters::llama
