#include <algorithm>

#include "inference/media.h"
#include "inference/prepared_request.h"

// How a prompt comes to fit its model's context.
namespace moat::inference {

using models::ChatMessage;

namespace {

std::size_t images_of(const std::vector<ChatMessage>& messages) {
    std::size_t count = 0;
    for (const ChatMessage& message : messages)
        count += message.images.size();
    return count;
}

// A runner needs no files of messages that were dropped.
void forget_dropped_media(PreparedRequest& prepared) {
    for (std::size_t i = 0; i < prepared.request.media.size(); ++i) {
        const std::string mark = media_mark(prepared.request.media_nonce, i);
        const auto has_mark = [&](const ChatMessage& message) {
            return message.content.contains(mark);
        };
        if (std::ranges::none_of(prepared.messages, has_mark)) prepared.request.media[i].clear();
    }
}

}  // namespace

// Renders the prompt from what fits of the messages.
Status RequestPreparer::fit(
    const Principal& who, PreparedRequest& prepared, bool truncate, const std::stop_token& stop
) const {
    const PromptRules rules = prepared.rules(settings_.now());
    const std::size_t all = prepared.messages.size();
    if (truncate) {
        const auto count = [&](const std::vector<ChatMessage>& messages) -> Result<std::size_t> {
            TRY_ASSIGN(Prompt prompt, rules.make(messages));
            std::string text;
            if (const auto* chat = std::get_if<ChatPrompt>(&prompt)) {
                TRY_ASSIGN(text, engine_.render(who, prepared.source, *chat, stop));
            } else {
                text = std::get<std::string>(prompt);
            }
            TRY_ASSIGN(const auto tokens, engine_.tokenize(who, prepared.source, {text}, stop));
            return tokens.size() + images_of(messages) * kImageTokens;
        };
        const std::size_t tools_bytes =
            prepared.tools.is_null() ? 0 : json::write(prepared.tools).size();
        // One token must be left for the answer.
        const auto limit = static_cast<std::size_t>(prepared.source.load.num_ctx - 1);
        TRY_ASSIGN(
            prepared.messages, fit_messages(std::move(prepared.messages), tools_bytes, limit, count)
        );
    }
    TRY_ASSIGN(prepared.request.prompt, rules.make(prepared.messages));
    if (prepared.messages.size() < all) forget_dropped_media(prepared);
    prepared.dropped_messages = static_cast<int>(all - prepared.messages.size());
    // Of the public messages only those of the system are sure to have stayed.
    if (prepared.messages.size() < all) {
        const auto is_system = [](const ChatMessage& message) { return message.role == "system"; };
        const auto other = std::ranges::find_if_not(prepared.messages, is_system);
        const auto systems = static_cast<std::size_t>(other - prepared.messages.begin());
        prepared.public_messages = std::min(prepared.public_messages, systems);
    }
    return find_public_part(prepared);
}

Status RequestPreparer::find_public_part(PreparedRequest& prepared) const {
    if (prepared.public_messages == 0) return Ok{};
    if (!prepared.text()) {
        prepared.request.public_messages = prepared.public_messages;
        return Ok{};
    }
    std::vector<ChatMessage> beginning = prepared.messages;
    beginning.resize(prepared.public_messages);
    // A template that makes nothing of a beginning alone has no public part.
    const auto alone = prepared.rules(settings_.now()).make(beginning);
    const auto* text = alone ? std::get_if<std::string>(&*alone) : nullptr;
    if (text) prepared.request.public_text = *text;
    return Ok{};
}

// An earlier answer's tokens, then the new turn's.
Status RequestPreparer::prepend_context(
    const Principal& who,
    PreparedRequest& prepared,
    const std::vector<std::int32_t>& context,
    const std::stop_token& stop
) const {
    TRY_ASSIGN(std::string text, text_of(who, prepared, stop));
    if (!prepared.request.media.empty()) {
        // Marks are found in text only.
        TRY_ASSIGN(
            const std::string before, engine_.detokenize(who, prepared.source, context, stop)
        );
        prepared.request.prompt = before + text;
        return Ok{};
    }
    TRY_ASSIGN(auto tokens, engine_.tokenize(who, prepared.source, {text}, stop));
    // The mark of a beginning stands there already.
    const bool begins_again = !tokens.empty() && tokens.front() == context.front();
    std::vector<std::int32_t> joined = context;
    joined.insert(joined.end(), tokens.begin() + (begins_again ? 1 : 0), tokens.end());
    prepared.request.prompt = std::move(joined);
    return Ok{};
}

Result<std::string> RequestPreparer::text_of(
    const Principal& who, const PreparedRequest& prepared, const std::stop_token& stop
) const {
    if (const auto* chat = std::get_if<ChatPrompt>(&prepared.request.prompt))
        return engine_.render(who, prepared.source, *chat, stop);
    if (const std::string* text = prepared.text()) return *text;
    return engine_.detokenize(
        who, prepared.source, std::get<std::vector<std::int32_t>>(prepared.request.prompt), stop
    );
}

}  // namespace moat::inference
