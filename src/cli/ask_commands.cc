#include <fmt/core.h>

#include "cli/commands.h"

namespace moat::cli {
namespace {

std::string joined(const json::Array* parts, std::string_view between) {
    std::string text;
    if (parts == nullptr) return text;
    for (const auto& part : *parts) {
        if (!part.is_string()) continue;
        if (!text.empty()) text += between;
        text += json::view(part.get_string());
    }
    return text;
}

// "handbook.pdf > Leave > Annual leave, page 3"
std::string place_of(const Console& console, const json::Value& source, std::string_view page_key) {
    std::string place = json::string_or(source, "document");
    const std::string headings = joined(json::find_array(source, "headings"), " > ");
    if (!headings.empty()) place += " > " + headings;
    const auto page = json::int_or(source, page_key, 0);
    if (page > 0)
        place += console.language == Language::chinese ? fmt::format("，第 {} 页", page)
                                                       : fmt::format(", page {}", page);
    return place;
}

std::string indented(std::string_view text) {
    std::string out = "      ";
    for (const char c : text) {
        out += c;
        if (c == '\n') out += "      ";
    }
    return out + "\n";
}

bool is_cited(const json::Value& done, std::int64_t index) {
    const auto* citations = json::find_array(done, "citations");
    if (citations == nullptr) return false;
    for (const auto& item : *citations) {
        if (item.is_int64() && item.get_int64() == index) return true;
    }
    return false;
}

void print_sources(const Console& console, const json::Value& done) {
    const auto* sources = json::find_array(done, "sources");
    std::string out;
    if (sources == nullptr) return;
    for (const auto& source : *sources) {
        const auto index = json::int_or(source, "index", 0);
        if (!is_cited(done, index)) continue;
        out += fmt::format("  [{}] {}\n", index, place_of(console, source, "page"));
        if (const auto* quotes = json::find_array(source, "quotes")) {
            for (const auto& quote : *quotes) {
                if (quote.is_string()) out += indented(json::view(quote.get_string()));
            }
        }
    }
    if (!out.empty()) console.print(fmt::format("\n{}\n{}", console.pick("Sources", "来源"), out));
}

std::string status_text(const Console& console, const std::string& status) {
    if (status == "retrieving")
        return std::string(console.pick("searching the documents…", "正在检索文档…"));
    if (status == "rewriting")
        return std::string(console.pick("reading the conversation…", "正在理解上下文…"));
    if (status == "generating")
        return std::string(console.pick("writing the answer…", "正在生成回答…"));
    return status;
}

}  // namespace

int ask(Session session, const AskOptions& options) {
    json::Object request{{"question", options.question}};
    if (!options.kb.empty()) request["kb"] = options.kb;
    if (!options.model.empty()) request["model"] = options.model;
    if (!options.conversation.empty()) request["conversation_id"] = options.conversation;

    const Console& console = session.console;
    const auto say = [&](std::string_view text) {
        if (console.error_is_terminal) std::fputs(fmt::format("\r\x1b[K{}", text).c_str(), stderr);
    };
    json::Value last;
    const Status done = session.api.post_events(
        "/chat/stream",
        request,
        [&](std::string_view name, const json::Value& data) {
            if (name == "thinking" && !options.as_json)
                say(status_text(console, json::string_or(data, "status")));
            if (name == "token" && !options.as_json) {
                say("");
                console.print(json::string_or(data, "token"));
            }
            if (name == "done") last = data;
            return true;
        }
    );
    say("");
    if (!done) return console.fail(done.error().message);
    if (last.is_null()) return console.fail("the answer ended before it was complete");
    if (options.as_json) {
        console.print(json::write(last, json::Style::pretty) + "\n");
        return 0;
    }
    console.print("\n");
    print_sources(console, last);
    return 0;
}

int search_kb(Session session, const SearchOptions& options) {
    const std::string path = "/api/kb/" + url_encode(options.kb) + "/search";
    const auto reply =
        session.api.post(path, json::Object{{"query", options.query}, {"limit", options.limit}});
    if (!reply) return session.console.fail(reply.error().message);
    const auto* hits = json::find_array(*reply, "hits");
    if (hits == nullptr || hits->empty()) {
        session.console.print(session.console.pick("nothing found\n", "没有找到\n"));
        return 0;
    }
    int rank = 0;
    for (const auto& hit : *hits) {
        session.console.print(fmt::format(
            "  {}. {}  ({:.3f})\n{}\n",
            ++rank,
            place_of(session.console, hit, "first_page"),
            json::number_or(hit, "score", 0),
            indented(json::string_or(hit, "text"))
        ));
    }
    return 0;
}

}  // namespace moat::cli
