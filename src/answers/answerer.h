#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/principal.h"
#include "base/result.h"
#include "documents/chunker.h"
#include "documents/document.h"

// Question in, cited answer out: retrieve, prompt, generate (or quote), cite.
namespace moat::answers {

struct Question {
    std::string text;
    std::string knowledge_base;   // name; empty: chat without retrieval
    std::string conversation_id;  // empty: a new conversation
    std::string model;            // empty: the default chat model, or quoting when there is none
    std::size_t passages = 6;
};

// A numbered passage the answer may cite as [index].
struct Source {
    int index = 0;  // from 1
    std::string knowledge_base;
    std::string document_id;
    std::string document;
    std::string title;
    std::vector<std::string> headings;
    int page = 0;
    std::vector<documents::Region> regions;
    std::vector<std::string> quotes;  // the sentences that answer
    std::string text;                 // the whole passage
    bool record = false;              // it is a row of a table, a "name: value" on every line
    std::size_t first_block = 0;
    std::size_t last_block = 0;
    float score = 0;
};

enum class Mode {
    generated,      // by a chat model, citing sources
    quoted,         // no chat model: the best sentences of the sources
    nothing_found,  // the knowledge base holds nothing relevant
    chat,           // no knowledge base asked
};

struct Thinking {
    std::string status;  // "rewriting", "retrieving", "generating", or empty
    std::string text;    // of a thinking model
};
struct Sources {
    std::vector<Source> sources;
};
struct Token {
    std::string text;
};

using AnswerEvent = std::variant<Thinking, Sources, Token>;
// Called on the calling thread; false cancels.
using AnswerSink = std::function<bool(const AnswerEvent&)>;

struct Answer {
    std::string conversation_id;
    std::string text;
    Mode mode = Mode::generated;
    std::string model;           // empty when quoted
    std::vector<int> citations;  // indexes used, in order of first use
    std::vector<Source> sources;
    int prompt_tokens = 0;
    int generated_tokens = 0;
    Duration retrieve{}, first_token{}, total{};
};

struct Turn {
    std::string role;  // user, assistant
    std::string text;
    Time at;
    std::vector<Source> sources;
};

struct Conversation {
    std::string id;
    std::string title;
    std::string knowledge_base;
    Time updated_at;
    std::vector<Turn> turns;  // empty in lists
};

// Threads: any; ask() blocks until the answer is complete. A conversation belongs to the principal
//          that began it; to others it is not_found.
// Errors:  invalid_argument (empty question), not_found (knowledge base, model, conversation), and
//          those of the engine.
class Answerer {
  public:
    virtual ~Answerer() = default;

    virtual Result<Answer> ask(
        const Principal& who, const Question& question, const AnswerSink& sink, std::stop_token stop
    ) = 0;
    virtual Result<std::vector<Conversation>> conversations(const Principal& who) = 0;
    virtual Result<Conversation> conversation(const Principal& who, const std::string& id) = 0;
    virtual Status remove_conversation(const Principal& who, const std::string& id) = 0;
};

}  // namespace moat::answers
