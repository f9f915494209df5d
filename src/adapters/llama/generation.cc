#include "adapters/llama/generation.h"

#include <algorithm>
#include <utility>

#include "adapters/llama/media_tokens.h"
#include "base/check.h"
#include "inference/media.h"

namespace moat::adapters::llama {
namespace {

using inference::ChatPrompt;
using inference::FinishReason;
using inference::GenerateEvent;

// Ollama's bound for answers without end.
constexpr int kContextsToGenerate = 10;

Error too_long() {
    return Error{
        ErrorCode::invalid_argument,
        "the prompt is longer than the context length currently available to the model; shorten "
        "the prompt, adjust the context length in settings, or use a model with a longer context "
        "length"
    };
}

bool asks_for_tools(const ChatPrompt& prompt) {
    return prompt.tools.is_array() && !prompt.tools.get_array().empty() &&
           prompt.tool_choice != "none";
}

}  // namespace

Result<std::unique_ptr<Generation>> Generation::prepare(
    const inference::GenerateCommand& command, const Parts& parts, CancelFlag cancelled
) {
    std::unique_ptr<Generation> made(new Generation(command, parts.model, std::move(cancelled)));
    TRY(made->read_prompt(parts));
    made->request_.media.clear();  // what is read of them is in media_
    TRY(made->find_public_part(parts.chat));
    TRY(made->fit_prompt(parts.context_length));
    const common_chat_params* parameters = made->chat_ ? &*made->chat_ : nullptr;
    TRY_ASSIGN(
        made->sampler_,
        TokenSampler::make(parts.model, command.request, parameters, parts.context_length)
    );
    const Tokens text = without_media(made->context_);
    made->sampler_->accept_prompt(text);
    const int wanted = command.request.num_predict;
    const int most = kContextsToGenerate * parts.context_length;
    made->limit_ = wanted < 0 ? most : std::min(wanted, most);
    made->result_.prompt_tokens = static_cast<int>(made->context_.size());
    made->result_.tokens = text;
    return made;
}

Status Generation::read_prompt(const Parts& parts) {
    const bool add_bos = llama_vocab_get_add_bos(model_->vocabulary());
    if (const auto* tokens = std::get_if<Tokens>(&request_.prompt)) {
        context_ = *tokens;
        const auto known = [this](llama_token token) { return model_->has_token(token); };
        if (!std::ranges::all_of(context_, known)) {
            return Error{
                ErrorCode::invalid_argument, "the prompt holds a token unknown to the model"
            };
        }
    } else if (const auto* text = std::get_if<std::string>(&request_.prompt)) {
        TRY(read_text(*text, request_.add_bos, parts));
        added_front_ = request_.add_bos && add_bos ? 1 : 0;
    } else {
        CHECK(parts.chat != nullptr);
        const auto& prompt = std::get<ChatPrompt>(request_.prompt);
        TRY_ASSIGN(chat_, parts.chat->apply(prompt, request_.json_schema));
        parser_.emplace(*chat_, asks_for_tools(prompt));
        TRY(read_text(chat_->prompt, true, parts));
        added_front_ = add_bos ? 1 : 0;
        std::vector<std::string> stops = request_.stop;
        stops.insert(stops.end(), chat_->additional_stops.begin(), chat_->additional_stops.end());
        text_ = TextStream(std::move(stops));
    }
    drop_second_bos();
    if (!context_.empty()) return Ok{};
    // Something must be computed to have logits.
    const llama_token bos = llama_vocab_bos(model_->vocabulary());
    const llama_token eos = llama_vocab_eos(model_->vocabulary());
    context_ = {bos != LLAMA_TOKEN_NULL ? bos : std::max(eos, 0)};
    return Ok{};
}

Status Generation::read_text(const std::string& text, bool add_bos, const Parts& parts) {
    const auto& media = request_.media;
    const auto pieces = inference::split_at_marks(text, request_.media_nonce, media.size());
    const auto is_mark = [](const inference::MarkedPiece& piece) { return piece.is_mark; };
    if (media.empty() || std::ranges::none_of(pieces, is_mark)) {
        context_ = model_->tokenize(text, add_bos, true);
        return Ok{};
    }
    if (parts.projector == nullptr)
        return Error{ErrorCode::unsupported, "this model does not support vision"};
    std::vector<PromptPart> input;
    for (const auto& piece : pieces)
        input.push_back({piece.text, piece.is_mark ? media[piece.index] : std::string_view()});
    // The logits of what comes last are wanted; of an image there are none.
    if (pieces.back().is_mark) input.push_back({"\n", {}});
    const auto most = static_cast<std::size_t>(parts.context_length);
    auto read = parts.projector->read(input, add_bos, most);
    if (!read && read.error().code == ErrorCode::too_large) return too_long();
    if (!read) return read.error();
    context_ = std::move(read->tokens);
    media_ = std::move(read->chunks);
    const auto too_few = [](const MediaChunk& chunk) {
        return chunk.tokens.size() < kRowsToTellApart;
    };
    if (std::ranges::any_of(media_, too_few)) request_.cache_domain.clear();
    return Ok{};
}

// What everybody may know of the prompt: the tokens it has in common with the public part alone.
Status Generation::find_public_part(const ChatTemplate* chat) {
    reach_.domain = request_.cache_domain;
    std::string alone = request_.public_text;
    if (const auto* prompt = std::get_if<ChatPrompt>(&request_.prompt)) {
        const auto count = std::min(request_.public_messages, prompt->messages.size());
        if (count == 0) return Ok{};
        ChatPrompt beginning = *prompt;
        beginning.messages.resize(count);
        // A template that refuses a beginning of a conversation has no public part.
        auto rendered = chat->apply(beginning, "");
        if (!rendered) return Ok{};
        alone = std::move(rendered->prompt);
    }
    if (alone.empty()) return Ok{};
    const Tokens tokens = model_->tokenize(alone, request_.add_bos, true);
    reach_.public_tokens = common_beginning(tokens, context_);
    return Ok{};
}

// A template may write the token which the vocabulary puts in front by itself.
void Generation::drop_second_bos() {
    const llama_token bos = llama_vocab_bos(model_->vocabulary());
    if (added_front_ == 0 || context_.size() < 2) return;
    if (context_[0] == bos && context_[1] == bos) context_.erase(context_.begin());
}

// Ollama's rule for a prompt that does not fit: keep the front, drop from the middle, leave half
// of the rest free.
Status Generation::fit_prompt(int context_length) {
    const auto room = static_cast<std::size_t>(context_length);
    if (context_.size() < room) return Ok{};
    // What was asked about an image is not to be answered without it.
    if (!request_.shift || has_media()) return too_long();
    const std::size_t keep = std::min(tokens_to_keep(), room - 1);
    const std::size_t target = room - std::max<std::size_t>((room - keep) / 2, 1);
    const auto from = context_.begin() + static_cast<std::ptrdiff_t>(keep);
    result_.dropped_tokens = static_cast<int>(context_.size() - target);
    context_.erase(from, from + result_.dropped_tokens);
    reach_.public_tokens = std::min(reach_.public_tokens, keep);
    return Ok{};
}

std::size_t Generation::tokens_to_keep() const {
    if (request_.num_keep < 0) return context_.size();
    return static_cast<std::size_t>(request_.num_keep) + added_front_;
}

Generation::MediaPlace Generation::next_media() {
    if (computed_ >= context_.size() || !is_media(context_[computed_])) return {};
    const std::size_t first = whole_beginning(context_, computed_);
    const auto rest = std::span(context_).subspan(first);
    const auto found = std::ranges::find_if(media_, [&](const MediaChunk& chunk) {
        return common_beginning(rest, chunk.tokens) == chunk.tokens.size();
    });
    CHECK(found != media_.end());
    return {&*found, computed_ - first};
}

std::size_t Generation::uncomputed_text() const {
    const auto rest = std::span(context_).subspan(computed_);
    return static_cast<std::size_t>(std::ranges::find_if(rest, is_media) - rest.begin());
}

void Generation::begin(llama_seq_id sequence, int cached) {
    sequence_ = sequence;
    computed_ = static_cast<std::size_t>(cached);
    if (begun_ != Clock::time_point{}) return;  // not for the first time
    result_.cached_tokens = cached;
    begun_ = Clock::now();
}

void Generation::lose_place() {
    sequence_ = -1;
    computed_ = 0;
}

void Generation::set_context(Tokens context, std::size_t computed) {
    context_ = std::move(context);
    computed_ = computed;
}

std::size_t Generation::guesses_wanted(bool by_model, std::size_t context_length) {
    const int asked = by_model ? request_.draft_num_predict : request_.lookup_num_predict;
    if (asked <= 0) return 0;
    if (guesses_.is_resting()) {
        guesses_.pass();
        return 0;
    }
    // One token is sampled anyway.
    const int left = limit_ - result_.generated_tokens - 1;
    const auto room = context_length - std::min(context_length, context_.size());
    return std::min(
        {static_cast<std::size_t>(asked),
         static_cast<std::size_t>(std::max(left, 0)),
         room,
         kMostGuesses}
    );
}

void Generation::begin_guesses(std::size_t count) {
    guesses_.record(guessed_, right_guesses_);
    guessed_ = count;
    right_guesses_ = 0;
    result_.guessed_tokens += static_cast<int>(count);
}

void Generation::accept_guess() {
    ++right_guesses_;
    ++result_.right_guesses;
}

bool Generation::take_token(llama_context* context, int index, const ReplySink& reply) {
    if (result_.generated_tokens == 0) first_token_ = Clock::now();
    if (limit_ == 0) {
        finish(FinishReason::length, reply);
        return true;
    }
    const auto token = sampler_->sample(context, index);
    if (!token) {
        fail(token.error(), reply);
        return true;
    }
    ++result_.generated_tokens;
    if (llama_vocab_is_eog(model_->vocabulary(), *token)) {
        finish(FinishReason::stop, reply);
        return true;
    }
    if (request_.top_logprobs >= 0) {
        logprobs_.push_back(sampler_->logprob(context, index, *token, request_.top_logprobs));
    }
    result_.tokens.push_back(*token);
    context_.push_back(*token);
    show(text_.push(model_->piece(*token, sampler_->is_preserved(*token))), reply);
    if (text_.stopped()) {
        finish(FinishReason::stop, reply);
        return true;
    }
    if (result_.generated_tokens < limit_) return false;
    finish(FinishReason::length, reply);
    return true;
}

void Generation::show(const std::string& text, const ReplySink& reply) {
    if (text.empty()) return;
    send(parser_ ? parser_->push(text) : GenerateEvent{text, "", {}, {}}, reply);
}

void Generation::send(GenerateEvent event, const ReplySink& reply) {
    if (event.content.empty() && event.thinking.empty() && event.tool_calls.empty()) return;
    event.logprobs = std::exchange(logprobs_, {});
    reply(inference::EventReply{id_, std::move(event)});
}

void Generation::finish(FinishReason reason, const ReplySink& reply) {
    if (!text_.stopped()) show(text_.flush(), reply);
    GenerateEvent rest = parser_ ? parser_->finish() : GenerateEvent{};
    rest.logprobs = std::exchange(logprobs_, {});
    const bool has_news = !rest.content.empty() || !rest.thinking.empty() ||
                          !rest.tool_calls.empty() || !rest.logprobs.empty();
    if (has_news) reply(inference::EventReply{id_, std::move(rest)});

    const Clock::time_point now = Clock::now();
    result_.reason = reason;
    result_.stop_string = text_.stop_string();
    result_.prompt = first_token_ - begun_;
    result_.generate = now - first_token_;
    result_.total = now - received_;
    reply(inference::GeneratedReply{id_, std::move(result_)});
}

void Generation::fail(Error error, const ReplySink& reply) const {
    reply(inference::ErrorReply{id_, std::move(error)});
}

}  // namespace moat::adapters::llama
