#include "answers/answer_pipeline.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "access/policy.h"
#include "answers/citations.h"
#include "answers/follow_up.h"
#include "answers/prompt.h"
#include "answers/quote_citations.h"
#include "answers/quoting.h"
#include "answers/relevance.h"
#include "answers/wording.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"

namespace moat::answers {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxTitleBytes = 90;
constexpr int kRewriteTokens = 128;

Error gone() {
    return Error{ErrorCode::cancelled, "the client went away"};
}

Source source_of(const knowledge::Passage& passage, int index) {
    Source source;
    source.index = index;
    source.knowledge_base = passage.knowledge_base;
    source.document_id = passage.document_id;
    source.document = passage.document;
    source.title = passage.title.empty() ? passage.document : passage.title;
    source.headings = passage.headings;
    source.page = passage.first_page;
    source.regions = passage.regions;
    source.text = passage.text;
    source.record = passage.record;
    source.first_block = passage.first_block;
    source.last_block = passage.last_block;
    source.score = passage.score;
    return source;
}

Status check(const Question& question) {
    const auto invalid = [](std::string message) {
        return Error{ErrorCode::invalid_argument, std::move(message)};
    };
    if (question.text.find_first_not_of(" \t\r\n") == std::string::npos)
        return invalid("question must not be empty");
    if (question.text.size() > AnswerPipeline::kMaxQuestionBytes)
        return invalid("question is too long");
    if (!is_utf8(question.text)) return invalid("question must be UTF-8");
    if (question.passages == 0 || question.passages > AnswerPipeline::kMaxPassages)
        return invalid(fmt::format("passages must be from 1 to {}", AnswerPipeline::kMaxPassages));
    return Ok{};
}

}  // namespace

// One question on its way.
struct AnswerPipeline::Session {
    const Principal& who;
    const Question& question;
    const AnswerSink& sink;
    std::stop_token stop;
    std::string knowledge_base;
    std::optional<ChatModel> model;
    std::vector<Turn> history;
    Answer answer;
    SteadyTime begun = std::chrono::steady_clock::now();

    Duration elapsed() const { return std::chrono::steady_clock::now() - begun; }

    Status emit(const AnswerEvent& event) const {
        if (stop.stop_requested() || !sink(event)) return gone();
        return Ok{};
    }
    Status say(const std::string& text) {
        if (text.empty()) return Ok{};
        if (answer.first_token == Duration{}) answer.first_token = elapsed();
        answer.text += text;
        return emit(Token{text});
    }
};

Result<Answer> AnswerPipeline::ask(
    const Principal& who, const Question& question, const AnswerSink& sink, std::stop_token stop
) {
    TRY_ASSIGN(Session session, begin(who, question, sink, std::move(stop)));
    const Status done = run(session);
    session.answer.total = session.elapsed();
    // A stopped answer belongs to the conversation as far as it was read.
    const bool partial =
        !done && done.error().code == ErrorCode::cancelled && !session.answer.text.empty();
    if (done || partial) TRY(remember(session));
    if (!done) return done.error();
    return std::move(session.answer);
}

Result<AnswerPipeline::Session> AnswerPipeline::begin(
    const Principal& who, const Question& question, const AnswerSink& sink, std::stop_token stop
) {
    TRY(access::require(who, Role::user));
    TRY(check(question));
    Session session{
        .who = who,
        .question = question,
        .sink = sink,
        .stop = std::move(stop),
        .knowledge_base = question.knowledge_base,
        .model = {},
        .history = {},
        .answer = {},
    };
    session.answer.conversation_id = question.conversation_id;
    if (question.conversation_id.empty()) {
        session.answer.conversation_id = random_uuid().text();
    } else {
        TRY_ASSIGN(Conversation past, conversations_.find(who.id, question.conversation_id));
        session.history = std::move(past.turns);
        if (session.knowledge_base.empty()) session.knowledge_base = past.knowledge_base;
    }
    // Before the first event, so that a wrong name is an error and not a broken stream.
    if (!session.knowledge_base.empty()) TRY(bases_.get(who, session.knowledge_base));
    if (question.model.empty()) {
        session.model = generator_.default_model(who);
    } else {
        TRY_ASSIGN(session.model, generator_.find(who, question.model));
    }
    return session;
}

Status AnswerPipeline::run(Session& session) {
    if (session.knowledge_base.empty()) return chat(session);
    TRY_ASSIGN(const std::string question, standalone(session));
    TRY_ASSIGN(const std::vector<knowledge::Passage> passages, retrieve(session, question));
    session.answer.retrieve = session.elapsed();
    // Rewriting can water a question down, so it is enough when one of both fits.
    const bool relevant =
        is_relevant(question, passages) || is_relevant(session.question.text, passages);
    if (!relevant) return say_nothing_found(session);
    for (const knowledge::Passage& passage : passages)
        session.answer.sources.push_back(
            source_of(passage, static_cast<int>(session.answer.sources.size()) + 1)
        );
    return session.model ? answer_from_sources(session, question)
                         : quote_sources(session, question);
}

Result<std::string> AnswerPipeline::standalone(Session& session) {
    const std::string& asked = session.question.text;
    if (session.history.empty() || !leans_on_history(asked)) return asked;
    TRY(session.emit(Thinking{.status = "rewriting", .text = {}}));
    if (session.model) {
        TRY_ASSIGN(std::string rewritten, rewrite(session));
        if (!rewritten.empty()) return rewritten;
    }
    return merge_with_history(asked, session.history);
}

Result<std::string> AnswerPipeline::rewrite(Session& session) {
    json::Object options;
    options["temperature"] = 0;
    options["num_predict"] = kRewriteTokens;
    std::string reply;
    const auto sink = [&](const inference::GenerateEvent& event) {
        reply += event.content;
        return !session.stop.stop_requested();
    };
    const auto done = generator_.generate(
        session.who,
        *session.model,
        rewriting_prompt(
            session.question.text, session.history, budget_for(session.model->context_length)
        ),
        options,
        false,
        sink,
        session.stop
    );
    if (done) return accept_rewriting(reply);
    if (done.error().code == ErrorCode::cancelled) return gone();
    // The question can still be searched by as it is; answering will report what is wrong.
    log::warning("answers: cannot rewrite a question: {}", done.error().message);
    return std::string();
}

Result<std::vector<knowledge::Passage>> AnswerPipeline::retrieve(
    Session& session, const std::string& standalone
) {
    TRY(session.emit(Thinking{.status = "retrieving", .text = {}}));
    knowledge::PassageQuery query;
    query.text = standalone;
    query.limit = session.question.passages;
    return bases_.search(session.who, session.knowledge_base, query, session.stop);
}

Status AnswerPipeline::say_nothing_found(Session& session) {
    session.answer.mode = Mode::nothing_found;
    TRY(session.emit(Sources{}));
    return session.say(nothing_found(language_of(session.question.text), session.knowledge_base));
}

Status AnswerPipeline::quote_sources(Session& session, const std::string& standalone) {
    Quotation quotation = quote(session.question.text, standalone, session.answer.sources);
    if (quotation.citations.empty()) {
        session.answer.sources.clear();
        return say_nothing_found(session);
    }
    session.answer.mode = Mode::quoted;
    session.answer.citations = std::move(quotation.citations);
    TRY(session.emit(Sources{session.answer.sources}));
    return session.say(quotation.text);
}

Status AnswerPipeline::answer_from_sources(Session& session, const std::string& standalone) {
    session.answer.mode = Mode::generated;
    std::vector<Source>& sources = session.answer.sources;
    const PromptBudget budget = budget_for(session.model->context_length);
    const auto messages = answering_prompt(session.question.text, session.history, sources, budget);
    quote_by_question(standalone, sources);
    TRY(session.emit(Sources{sources}));
    TRY(generate(session, messages));
    quote_by_answer(standalone, session.answer.text, sources);
    return Ok{};
}

Status AnswerPipeline::chat(Session& session) {
    session.answer.mode = Mode::chat;
    if (!session.model)
        return Error{ErrorCode::unsupported, no_chat_model(language_of(session.question.text))};
    return generate(
        session,
        chatting_prompt(
            session.question.text, session.history, budget_for(session.model->context_length)
        )
    );
}

Status AnswerPipeline::generate(
    Session& session, const std::vector<models::ChatMessage>& messages
) {
    session.answer.model = session.model->name;
    TRY(session.emit(Thinking{.status = "generating", .text = {}}));
    // In plain chat a number in brackets is just that.
    const bool cites = session.answer.mode == Mode::generated;
    CitationFilter filter(static_cast<int>(session.answer.sources.size()));
    const auto sink = [&](const inference::GenerateEvent& event) {
        if (!event.thinking.empty() &&
            !session.emit(Thinking{.status = {}, .text = event.thinking}))
            return false;
        const std::string text = cites ? filter.push(event.content) : event.content;
        return session.say(text).has_value() && !session.stop.stop_requested();
    };
    json::Object options;
    options["num_predict"] =
        static_cast<std::int64_t>(budget_for(session.model->context_length).answer_tokens);
    if (cites) options["temperature"] = 0.2;  // facts, not variety
    const auto done =
        generator_.generate(session.who, *session.model, messages, options, {}, sink, session.stop);
    TRY(session.say(filter.finish()));
    if (!done) return done.error();
    session.answer.citations = filter.citations();
    session.answer.prompt_tokens = done->prompt_tokens;
    session.answer.generated_tokens = done->generated_tokens;
    return Ok{};
}

Status AnswerPipeline::remember(const Session& session) {
    Conversation conversation;
    conversation.id = session.answer.conversation_id;
    conversation.title = std::string(utf8_prefix(session.question.text, kMaxTitleBytes));
    conversation.knowledge_base = session.knowledge_base;
    conversation.turns = {
        {.role = "user", .text = session.question.text, .at = clock_.now(), .sources = {}},
        {.role = "assistant",
         .text = session.answer.text,
         .at = clock_.now(),
         .sources = session.answer.sources},
    };
    return conversations_.append(session.who.id, conversation);
}

Result<std::vector<Conversation>> AnswerPipeline::conversations(const Principal& who) {
    TRY(access::require(who, Role::user));
    return conversations_.list(who.id);
}

Result<Conversation> AnswerPipeline::conversation(const Principal& who, const std::string& id) {
    TRY(access::require(who, Role::user));
    TRY_ASSIGN(Conversation conversation, conversations_.find(who.id, id));
    TRY_ASSIGN(const auto bases, bases_.list(who));
    std::set<std::string> readable;
    for (const knowledge::KnowledgeBase& base : bases)
        readable.insert(base.name);
    for (Turn& turn : conversation.turns)
        std::erase_if(turn.sources, [&](const Source& source) {
            return !readable.contains(source.knowledge_base);
        });
    return conversation;
}

Status AnswerPipeline::remove_conversation(const Principal& who, const std::string& id) {
    TRY(access::require(who, Role::user));
    return conversations_.remove(who.id, id);
}

}  // namespace moat::answers
