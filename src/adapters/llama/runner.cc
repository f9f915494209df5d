#include "adapters/llama/runner.h"

#include <algorithm>
#include <chrono>

namespace moat::adapters::llama {
namespace {

using namespace inference;  // NOLINT(google-build-using-namespace): every message of the protocol

// As many as the largest image of models that need all of it at once has (Gemma 4: 1120).
constexpr int kRowsOfAnImage = 2048;

// Calls on with the fraction at most every tenth of a second.
std::function<void(double)> throttled(const ReplySink& reply) {
    auto last = std::chrono::steady_clock::time_point{};
    return [reply, last](double fraction) mutable {
        const auto now = std::chrono::steady_clock::now();
        if (now - last < std::chrono::milliseconds(100)) return;
        last = now;
        reply(ProgressReply{fraction});
    };
}

Cards cards_of(const LoadCommand& command) {
    return {.names = command.gpus, .layers = command.gpu_layers};
}

}  // namespace

Result<std::unique_ptr<Runner>> Runner::load(
    const LoadCommand& command, const LogCapture& log, ReplySink reply
) {
    const std::int64_t gpu_before = free_gpu_bytes();
    TRY_ASSIGN(Model model, Model::load(command.model, cards_of(command), log, throttled(reply)));
    std::unique_ptr<Runner> runner(new Runner(std::move(model), std::move(reply)));
    TRY(runner->make_parts(command, log));

    LoadedReply loaded;
    loaded.context_length = runner->context_length_;
    loaded.slots = runner->loop_ != nullptr ? runner->loop_->limits().slots : command.slots;
    loaded.size_bytes = runner->model_.weight_bytes();
    if (runner->loop_ != nullptr) loaded.size_bytes += runner->loop_->cache_bytes();
    if (runner->projector_) loaded.size_bytes += runner->projector_->bytes();
    loaded.size_vram_bytes = std::max<std::int64_t>(0, gpu_before - free_gpu_bytes());
    loaded.size_vram_bytes = std::min(loaded.size_vram_bytes, loaded.size_bytes);
    runner->reply_(loaded);
    return runner;
}

Status Runner::make_parts(const LoadCommand& command, const LogCapture& log) {
    const auto sink = [this](const Reply& reply) { send(reply); };
    is_embedding_ = command.model.embedding;
    if (is_embedding_) {
        TRY_ASSIGN(embedder_, Embedder::make(model_, command.context_length, sink));
        context_length_ = embedder_->limit();
        return Ok{};
    }
    GenerationLimits limits{
        command.context_length, command.slots, command.model.load.num_batch, command.pool
    };
    if (!command.model.projector.empty()) {
        TRY_ASSIGN(projector_, Projector::load(command.model, model_, limits.context_length, log));
        // An image whose rows see each other is computed in one batch.
        if (projector_->sees_ahead()) limits.batch = std::max(limits.batch, kRowsOfAnImage);
    }
    const StateCache& states = command.states;
    // A state is of use only to who keeps it in the same numbers.
    const std::string maker = command.model.key + model_.cache_type_mark();
    StateStore store({states.memory_bytes, states.folder, states.disk_bytes}, maker);
    TRY_ASSIGN(loop_, GenerationLoop::make(model_, limits, std::move(store), sink));
    context_length_ = loop_->limits().context_length;
    TRY(load_draft(command, log));
    if (projector_) loop_->set_projector(*projector_);
    // A template this build cannot read matters only to those who chat.
    if (auto chat = ChatTemplate::of(model_)) chat_ = std::move(*chat);
    return Ok{};
}

Status Runner::load_draft(const LoadCommand& command, const LogCapture& log) {
    if (command.model.draft.empty()) return Ok{};
    inference::ModelSource source;
    source.name = command.model.name;
    source.gguf = command.model.draft;
    source.load = command.model.load;
    const GenerationLimits& limits = loop_->limits();
    const int each = std::max(1, limits.pool / loop_->sequences());
    TRY_ASSIGN(
        auto draft,
        DraftModel::load(source, cards_of(command), log, model_, each, loop_->sequences())
    );
    loop_->set_draft(std::move(draft));
    return Ok{};
}

void Runner::handle(Command command) {
    std::visit([this](const auto& one) { handle_one(one); }, command);
}

void Runner::handle_one(const GpusCommand& /*command*/) {
    send(ErrorReply{0, {ErrorCode::internal, "this runner has a model already"}});
}

void Runner::handle_one(const LoadCommand& /*command*/) {
    send(ErrorReply{0, {ErrorCode::internal, "this runner has a model already"}});
}

void Runner::handle_one(const GenerateCommand& command) {
    const CancelFlag cancelled = register_request(command.id);
    const bool chats = std::holds_alternative<ChatPrompt>(command.request.prompt);
    if (is_embedding_ || (chats && !chat_)) {
        const char* what = is_embedding_ ? "this model does not support text generation"
                                         : "the chat template of this model cannot be read";
        return send(ErrorReply{command.id, {ErrorCode::unsupported, what}});
    }
    const Generation::Parts parts{
        .model = model_,
        .chat = chat_ ? &*chat_ : nullptr,
        .projector = projector_ ? &*projector_ : nullptr,
        .context_length = context_length_
    };
    auto made = Generation::prepare(command, parts, cancelled);
    if (!made) return send(ErrorReply{command.id, std::move(made).error()});
    post(std::move(*made));
}

void Runner::handle_one(const EmbedCommand& command) {
    const CancelFlag cancelled = register_request(command.id);
    if (!is_embedding_) {
        const Error error{ErrorCode::unsupported, "this model does not support embeddings"};
        return send(ErrorReply{command.id, error});
    }
    const EmbedJob::Limits limits{context_length_, embedder_->ranks()};
    auto made = EmbedJob::prepare(command, model_, limits, cancelled);
    if (!made) return send(ErrorReply{command.id, std::move(made).error()});
    post(std::move(*made));
}

void Runner::handle_one(const RenderCommand& command) {
    if (!chat_) {
        const Error error{ErrorCode::unsupported, "this model has no chat template"};
        return send(ErrorReply{command.id, error});
    }
    auto rendered = chat_->apply(command.prompt, "");
    if (!rendered) return send(ErrorReply{command.id, std::move(rendered).error()});
    send(TextReply{command.id, std::move(rendered->prompt)});
}

void Runner::handle_one(const TokenizeCommand& command) {
    const TokenizeText& text = command.text;
    send(TokensReply{command.id, model_.tokenize(text.text, text.add_special, text.parse_special)});
}

void Runner::handle_one(const DetokenizeCommand& command) {
    const auto known = [this](llama_token token) { return model_.has_token(token); };
    if (!std::ranges::all_of(command.tokens, known)) {
        const Error error{ErrorCode::invalid_argument, "a token is unknown to the model"};
        return send(ErrorReply{command.id, error});
    }
    send(TextReply{command.id, model_.detokenize(command.tokens)});
}

void Runner::handle_one(const CancelCommand& command) {
    const std::lock_guard lock(mutex_);
    const auto found = in_flight_.find(command.id);
    if (found != in_flight_.end()) *found->second = true;
}

CancelFlag Runner::register_request(RequestId id) {
    auto flag = std::make_shared<std::atomic<bool>>(false);
    const std::lock_guard lock(mutex_);
    in_flight_[id] = flag;
    return flag;
}

void Runner::forget_finished(const Reply& reply) {
    if (std::holds_alternative<EventReply>(reply)) return;
    const std::lock_guard lock(mutex_);
    in_flight_.erase(id_of(reply));
}

void Runner::send(const Reply& reply) {
    forget_finished(reply);
    reply_(reply);
}

void Runner::post(std::unique_ptr<Generation> generation) {
    const std::lock_guard lock(mutex_);
    generations_.push_back(std::move(generation));
    posted_.notify_one();
}

void Runner::post(std::unique_ptr<EmbedJob> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    posted_.notify_one();
}

void Runner::run() {
    while (take_posted()) {
        if (loop_ != nullptr && loop_->has_work()) loop_->step();
        if (embedder_ != nullptr && embedder_->has_work()) embedder_->step();
    }
}

bool Runner::is_idle() {
    const std::lock_guard lock(mutex_);
    return !stopping_ && generations_.empty() && jobs_.empty();
}

void Runner::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    posted_.notify_one();
}

bool Runner::take_posted() {
    const bool is_busy =
        (loop_ != nullptr && loop_->has_work()) || (embedder_ != nullptr && embedder_->has_work());
    while (!is_busy && loop_ != nullptr && is_idle() && loop_->idle()) {
    }
    std::vector<std::unique_ptr<Generation>> generations;
    std::vector<std::unique_ptr<EmbedJob>> jobs;
    {
        std::unique_lock lock(mutex_);
        const auto has_news = [this] {
            return stopping_ || !generations_.empty() || !jobs_.empty();
        };
        if (!is_busy) posted_.wait(lock, has_news);
        if (stopping_) return false;
        generations.swap(generations_);
        jobs.swap(jobs_);
    }
    for (auto& generation : generations)
        loop_->add(std::move(generation));
    for (auto& job : jobs)
        embedder_->add(std::move(job));
    return true;
}

}  // namespace moat::adapters::llama
