#pragma once

#include <string>
#include <vector>

#include "answers/generator.h"
#include "knowledge/knowledge_bases.h"

// Doubles for tests of this folder: a knowledge base with set passages, and a model that says what
// the test wants.
namespace moat::answers {

class FakeBases final : public knowledge::KnowledgeBases {
  public:
    using Base = knowledge::KnowledgeBase;
    using Record = knowledge::DocumentRecord;
    using Passage = knowledge::Passage;

    Result<Base> create(const Principal&, const std::string&) override { return none(); }
    Result<std::vector<Base>> list(const Principal& who) override {
        std::vector<Base> bases;
        if (auto base = get(who, "hr")) bases.push_back(*base);
        return bases;
    }
    Result<Base> get(const Principal& who, const std::string& name) override {
        if (name != "hr" || who.id != owner) return none();
        Base base;
        base.name = name;
        return base;
    }
    Status remove(const Principal&, const std::string&) override { return none(); }
    Result<Record> add_document(
        const Principal&, const std::string&, const std::string&, std::string_view
    ) override {
        return none();
    }
    Result<std::vector<Record>> documents(const Principal&, const std::string&) override {
        return none();
    }
    Result<Record> document(const Principal&, const std::string&, const std::string&) override {
        return none();
    }
    Status remove_document(const Principal&, const std::string&, const std::string&) override {
        return none();
    }
    Result<std::string> content(const Principal&, const std::string&, const std::string&) override {
        return none();
    }
    Result<std::vector<Passage>> passages(const Principal&, const std::string&, const std::string&)
        override {
        return none();
    }
    Result<std::vector<Passage>> search(
        const Principal&, const std::string&, const knowledge::PassageQuery& query, std::stop_token
    ) override {
        queries.push_back(query.text);
        return found;
    }

    void add(std::string document, std::string text, std::vector<std::string> headings = {}) {
        Passage passage;
        passage.knowledge_base = "hr";
        passage.document = std::move(document);
        passage.text = std::move(text);
        passage.headings = std::move(headings);
        passage.first_page = 3;
        found.push_back(std::move(passage));
    }

    std::string owner = "anna";
    std::vector<Passage> found;
    std::vector<std::string> queries;

  private:
    static Error none() { return Error{ErrorCode::not_found, "knowledge base not found"}; }
};

class FakeGenerator final : public Generator {
  public:
    std::optional<ChatModel> default_model(const Principal&) override {
        return installed ? std::optional(model) : std::nullopt;
    }
    Result<ChatModel> find(const Principal&, const std::string& name) override {
        if (!installed || name != model.name)
            return Error{ErrorCode::not_found, "model '" + name + "' not found"};
        return model;
    }
    Result<inference::GenerateResult> generate(
        const Principal&,
        const ChatModel&,
        const std::vector<models::ChatMessage>& messages,
        const json::Object&,
        std::optional<bool>,
        const inference::EventSink& sink,
        std::stop_token
    ) override {
        prompts.push_back(messages);
        const std::string text = replies.empty() ? "" : replies.front();
        if (!replies.empty()) replies.erase(replies.begin());
        for (std::size_t at = 0; at < text.size(); at += piece) {
            inference::GenerateEvent event;
            event.content = text.substr(at, piece);
            if (!sink(event)) return Error{ErrorCode::cancelled, "the client went away"};
        }
        if (fails) return Error{ErrorCode::internal, "model runner has unexpectedly stopped"};
        inference::GenerateResult result;
        result.prompt_tokens = 7;
        result.generated_tokens = 5;
        return result;
    }

    bool installed = false;
    bool fails = false;
    ChatModel model{.name = "tiny:latest", .context_length = 4096, .thinks = false};
    std::vector<std::string> replies;  // of the calls to come
    std::size_t piece = 3;             // bytes an event
    std::vector<std::vector<models::ChatMessage>> prompts;
};

}  // namespace moat::answers
