#include "api/weaviate/graphql_document.h"

#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "api/weaviate/graphql_lexer.h"

namespace moat::api::weaviate {
namespace {

using Kind = GraphqlToken::Kind;
using Fields = std::vector<GraphqlField>;

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxFields = 10'000;

// A `...Name`, until the fragment is put in its place.
constexpr std::string_view kSpread = "...Name";

struct Fragment {
    std::string type;
    Fields fields;
};

std::size_t count(const Fields& fields) {
    std::size_t out = fields.size();
    for (const GraphqlField& field : fields)
        out += count(field.fields);
    return out;
}

class Parser {
  public:
    Parser(std::string_view text, std::string_view operation, const json::Object& variables)
        : lexer_(text), wanted_(operation), variables_(variables) {}

    Result<Fields> parse() {
        TRY(advance());
        while (token_.kind != Kind::end)
            TRY(definition());
        if (!chosen_) {
            if (!wanted_.empty())
                return invalid(fmt::format("Unknown operation named \"{}\".", wanted_));
            return invalid("Must provide an operation.");
        }
        TRY(expand(*chosen_, 0));
        return *std::move(chosen_);
    }

  private:
    static Error invalid(std::string message) {
        return Error{ErrorCode::invalid_argument, std::move(message)};
    }
    Error unexpected(std::string_view wanted) const {
        return invalid(fmt::format(
            "Syntax Error GraphQL (line {}): expected {}, found {}",
            token_.line,
            wanted,
            token_.kind == Kind::end ? "the end" : '"' + token_.text.substr(0, 50) + '"'
        ));
    }

    Status advance() {
        TRY_ASSIGN(token_, lexer_.next());
        return Ok{};
    }
    bool at(std::string_view punctuation) const {
        return token_.kind == Kind::punctuation && token_.text == punctuation;
    }
    bool at_name(std::string_view name) const {
        return token_.kind == Kind::name && token_.text == name;
    }
    Status expect(std::string_view punctuation) {
        if (!at(punctuation)) return unexpected(fmt::format("\"{}\"", punctuation));
        return advance();
    }
    Result<std::string> name() {
        if (token_.kind != Kind::name) return unexpected("a name");
        std::string out = std::move(token_.text);
        TRY(advance());
        return out;
    }

    Status definition() {
        if (at("{")) return operation("");
        if (at_name("query")) {
            TRY(advance());
            std::string named;
            if (token_.kind == Kind::name) {
                TRY_ASSIGN(named, name());
            }
            if (at("(")) TRY(variable_definitions());
            return operation(named);
        }
        if (at_name("fragment")) return fragment();
        if (at_name("mutation") || at_name("subscription"))
            return Error{ErrorCode::unsupported, "only queries are supported"};
        return unexpected("\"{\", query or fragment");
    }

    Status operation(const std::string& named) {
        TRY(no_directive());
        TRY_ASSIGN(Fields fields, selections(0));
        if (!wanted_.empty() && named != wanted_) return Ok{};
        if (chosen_)
            return invalid("Must provide operation name if query contains multiple operations.");
        chosen_ = std::move(fields);
        return Ok{};
    }

    // ($name: [Type!]! = default ...): the types are not looked at.
    Status variable_definitions() {
        TRY(expect("("));
        while (!at(")")) {
            TRY(expect("$"));
            TRY_ASSIGN(const std::string variable, name());
            TRY(expect(":"));
            TRY(skip_type(0));
            if (at("=")) {
                TRY(advance());
                TRY_ASSIGN(defaults_[variable], value(0));
            }
        }
        return advance();
    }

    Status skip_type(std::size_t depth) {
        if (depth > kMaxDepth) return invalid("a type is nested too deep");
        if (at("[")) {
            TRY(advance());
            TRY(skip_type(depth + 1));
            TRY(expect("]"));
        } else {
            TRY(name());
        }
        return at("!") ? advance() : Status(Ok{});
    }

    Status fragment() {
        TRY(advance());
        TRY_ASSIGN(const std::string named, name());
        Fragment out;
        if (!at_name("on")) return unexpected("on");
        TRY(advance());
        TRY_ASSIGN(out.type, name());
        TRY(no_directive());
        TRY_ASSIGN(out.fields, selections(0));
        fragments_[named] = std::move(out);
        return Ok{};
    }

    Status no_directive() const {
        if (at("@")) return Error{ErrorCode::unsupported, "GraphQL directives are not supported"};
        return Ok{};
    }

    Result<Fields> selections(std::size_t depth) {
        if (depth > kMaxDepth) return invalid("the query is nested too deep");
        TRY(expect("{"));
        Fields out;
        while (!at("}")) {
            if (++fields_ > kMaxFields) return invalid("the query has too many fields");
            TRY_ASSIGN(GraphqlField field, selection(depth));
            out.push_back(std::move(field));
        }
        TRY(advance());
        return out;
    }

    Result<GraphqlField> selection(std::size_t depth) {
        GraphqlField field;
        if (at("...")) {
            TRY(advance());
            TRY(spread(field));
            if (field.name == kSpread) return field;
        } else {
            TRY_ASSIGN(field.name, name());
            field.key = field.name;
            if (at(":")) {
                TRY(advance());
                TRY_ASSIGN(field.name, name());
            }
            if (at("(")) {
                TRY_ASSIGN(field.arguments, members("(", ")", 0));
            }
        }
        TRY(no_directive());
        if (at("{")) {
            TRY_ASSIGN(field.fields, selections(depth + 1));
        }
        return field;
    }

    // After "...": `on Type`, a name of a fragment, or nothing.
    Status spread(GraphqlField& field) {
        field.name = "...";
        if (token_.kind != Kind::name) return Ok{};
        const bool inline_one = at_name("on");
        if (inline_one) TRY(advance());
        TRY_ASSIGN(field.type, name());
        if (!inline_one) field.name = kSpread;
        return Ok{};
    }

    Result<json::Object> members(std::string_view open, std::string_view close, std::size_t depth) {
        TRY(expect(open));
        json::Object out;
        while (!at(close)) {
            TRY_ASSIGN(const std::string key, name());
            TRY(expect(":"));
            TRY_ASSIGN(json::Value member_value, value(depth + 1));
            out.insert_or_assign(key, std::move(member_value));
        }
        TRY(advance());
        return out;
    }

    Result<json::Value> value(std::size_t depth) {
        if (depth > kMaxDepth) return invalid("a value is nested too deep");
        if (at("{")) {
            TRY_ASSIGN(json::Object object, members("{", "}", depth));
            return json::Value(std::move(object));
        }
        if (at("[")) {
            TRY(advance());
            json::Array out;
            while (!at("]")) {
                TRY_ASSIGN(json::Value entry, value(depth + 1));
                out.push_back(std::move(entry));
            }
            TRY(advance());
            return json::Value(std::move(out));
        }
        if (at("$")) {
            TRY(advance());
            TRY_ASSIGN(const std::string variable, name());
            return variable_value(variable);
        }
        return scalar();
    }

    Result<json::Value> scalar() {
        json::Value out;
        switch (token_.kind) {
            case Kind::string:
                out = token_.text;
                break;
            case Kind::name:
                if (token_.text == "true" || token_.text == "false")
                    out = token_.text == "true";
                else if (token_.text != "null")
                    out = token_.text;
                break;
            case Kind::integer:
            case Kind::decimal:
                out = number();
                break;
            case Kind::end:
            case Kind::punctuation:
                return unexpected("a value");
        }
        TRY(advance());
        return out;
    }

    // The lexer has seen that it is one. An integer beyond 64 bits is as near as a double gets.
    json::Value number() const {
        const char* begin = token_.text.data();
        const char* end = begin + token_.text.size();
        std::int64_t whole = 0;
        if (token_.kind == Kind::integer && std::from_chars(begin, end, whole).ec == std::errc())
            return whole;
        double out = 0;
        std::from_chars(begin, end, out);
        return out;
    }

    Result<json::Value> variable_value(const std::string& variable) const {
        if (const json::Value* given = variables_.if_contains(variable)) return *given;
        const auto found = defaults_.find(variable);
        return found == defaults_.end() ? json::Value() : found->second;
    }

    // Puts the fragments in the place of their names.
    Status expand(Fields& fields, std::size_t depth) {
        if (depth > kMaxDepth) return invalid("fragments are nested too deep");
        for (GraphqlField& field : fields) {
            if (field.name == kSpread) {
                const auto found = fragments_.find(field.type);
                if (found == fragments_.end())
                    return invalid(fmt::format("Unknown fragment \"{}\".", field.type));
                fields_ += count(found->second.fields) + 1;
                if (fields_ > kMaxFields) return invalid("the query has too many fields");
                field.name = "...";
                field.type = found->second.type;
                field.fields = found->second.fields;
            }
            TRY(expand(field.fields, depth + 1));
        }
        return Ok{};
    }

    GraphqlLexer lexer_;
    const std::string wanted_;
    const json::Object& variables_;
    GraphqlToken token_;
    std::map<std::string, json::Value> defaults_;
    std::map<std::string, Fragment> fragments_;
    std::optional<Fields> chosen_;
    std::size_t fields_ = 0;
};

}  // namespace

Result<std::vector<GraphqlField>> parse_graphql(
    std::string_view text, std::string_view operation, const json::Object& variables
) {
    return Parser(text, operation, variables).parse();
}

}  // namespace moat::api::weaviate
