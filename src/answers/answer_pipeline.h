#pragma once

#include <string>
#include <vector>

#include "answers/answerer.h"
#include "answers/conversation_store.h"
#include "answers/generator.h"
#include "base/clock.h"
#include "knowledge/knowledge_bases.h"

namespace moat::answers {

// The way from a question to a cited answer: make a follow-up stand alone -> search -> is there
// anything relevant? -> prompt and generate, or quote when no chat model is installed -> resolve
// the citations -> remember both turns.
//
// Threads: any. Borrows: everything it is given.
class AnswerPipeline final : public Answerer {
  public:
    static constexpr std::size_t kMaxQuestionBytes = 16'384;
    static constexpr std::size_t kMaxPassages = 20;

    AnswerPipeline(
        knowledge::KnowledgeBases& bases,
        Generator& generator,
        ConversationStore& conversations,
        const Clock& clock
    )
        : bases_(bases), generator_(generator), conversations_(conversations), clock_(clock) {}

    Result<Answer> ask(
        const Principal& who, const Question& question, const AnswerSink& sink, std::stop_token stop
    ) override;
    Result<std::vector<Conversation>> conversations(const Principal& who) override;
    // Sources of knowledge bases that `who` may not read any more are left out.
    Result<Conversation> conversation(const Principal& who, const std::string& id) override;
    Status remove_conversation(const Principal& who, const std::string& id) override;

  private:
    struct Session;

    Result<Session> begin(
        const Principal& who, const Question& question, const AnswerSink& sink, std::stop_token stop
    );
    Status run(Session& session);
    // The question to search by.
    Result<std::string> standalone(Session& session);
    Result<std::string> rewrite(Session& session);
    Result<std::vector<knowledge::Passage>> retrieve(
        Session& session, const std::string& standalone
    );
    Status say_nothing_found(Session& session);
    Status quote_sources(Session& session, const std::string& standalone);
    Status answer_from_sources(Session& session, const std::string& standalone);
    Status chat(Session& session);
    Status generate(Session& session, const std::vector<models::ChatMessage>& messages);
    Status remember(const Session& session);

    knowledge::KnowledgeBases& bases_;
    Generator& generator_;
    ConversationStore& conversations_;
    const Clock& clock_;
};

}  // namespace moat::answers
