#include "models/template_parser.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "models/template_functions.h"
#include "models/template_lexer.h"

namespace moat::models::templates {
namespace {

constexpr int kMaxDepth = 200;

// What ended a list of nodes.
enum class Ending { end_of_text, end, otherwise };

class Parser {
  public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Result<Tree> run() {
        TRY_ASSIGN(const Ending ending, parse_nodes(tree_.root, true));
        if (ending == Ending::end) return fail("unexpected {{end}}");
        if (ending == Ending::otherwise) return fail("unexpected {{else}}");
        return std::move(tree_);
    }

  private:
    // Counts one level of nesting while it lives.
    class Level {
      public:
        explicit Level(int& depth) : depth_(depth) { ++depth_; }
        ~Level() { --depth_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

      private:
        int& depth_;
    };

    const Token& peek() const { return tokens_[position_]; }
    const Token& take() {
        return tokens_[position_ + 1 < tokens_.size() ? position_++ : position_];
    }
    bool take_if(TokenKind kind) {
        if (peek().kind != kind) return false;
        take();
        return true;
    }
    bool take_keyword(std::string_view word) {
        if (peek().kind != TokenKind::identifier || peek().text != word) return false;
        take();
        return true;
    }

    Error fail(std::string_view message) const { return template_error(peek().line, message); }
    Error unexpected(std::string_view where) const {
        if (peek().kind == TokenKind::end) return fail("unexpected EOF");
        return fail(fmt::format("unexpected {:?} in {}", peek().text, where));
    }

    Status expect_close(std::string_view where) {
        if (!take_if(TokenKind::close)) return unexpected(where);
        return Ok{};
    }

    Result<Ending> parse_nodes(Nodes& out, bool top = false) {
        const Level level(depth_);
        if (depth_ > kMaxDepth) return fail("max expression depth exceeded");
        for (;;) {
            if (peek().kind == TokenKind::end) {
                if (!top) return fail("unexpected EOF");
                return Ending::end_of_text;
            }
            if (peek().kind == TokenKind::text) {
                const int line = peek().line;
                out.push_back({.kind = Node::Kind::text, .line = line, .text = take().text});
                continue;
            }
            take();  // {{
            if (take_keyword("end")) {
                TRY(expect_close("end"));
                return Ending::end;
            }
            if (take_keyword("else")) return Ending::otherwise;
            if (take_keyword("define")) {
                if (!top) return fail("unexpected {{define}}");
                TRY(parse_define());
                continue;
            }
            TRY_ASSIGN(Node node, parse_action());
            out.push_back(std::move(node));
        }
    }

    Result<Node> parse_action() {
        const int line = peek().line;
        if (take_keyword("if")) return parse_control(Node::Kind::if_else, "if", line);
        if (take_keyword("with")) return parse_control(Node::Kind::with, "with", line);
        if (take_keyword("range")) return parse_range(line);
        if (take_keyword("template")) return parse_call(line);
        if (take_keyword("block")) return parse_block(line);
        if (take_keyword("break")) return parse_jump(Node::Kind::break_loop, "break", line);
        if (take_keyword("continue"))
            return parse_jump(Node::Kind::continue_loop, "continue", line);

        Node node{.kind = Node::Kind::action, .line = line};
        TRY_ASSIGN(node.pipeline, parse_pipeline("command", TokenKind::close, 1));
        TRY(expect_close("command"));
        return node;
    }

    Result<Node> parse_control(Node::Kind kind, std::string_view word, int line) {
        const std::size_t variables = variables_.size();
        Node node{.kind = kind, .line = line};
        TRY_ASSIGN(node.pipeline, parse_pipeline(word, TokenKind::close, 1));
        TRY(expect_close(word));
        TRY_ASSIGN(const Ending ending, parse_nodes(node.body));
        if (ending == Ending::otherwise) TRY(parse_else(node, kind, word));
        variables_.resize(variables);
        return node;
    }

    // {{else if x}}...{{end}} is {{else}}{{if x}}...{{end}}{{end}}; the same for with.
    Status parse_else(Node& node, Node::Kind kind, std::string_view word) {
        const int line = peek().line;
        if (take_keyword(word)) {
            TRY_ASSIGN(Node inner, parse_control(kind, word, line));
            node.otherwise.push_back(std::move(inner));
            return Ok{};
        }
        TRY(expect_close("else"));
        TRY_ASSIGN(const Ending ending, parse_nodes(node.otherwise));
        if (ending != Ending::end) return fail("expected end; found {{else}}");
        return Ok{};
    }

    Result<Node> parse_range(int line) {
        const std::size_t variables = variables_.size();
        Node node{.kind = Node::Kind::range, .line = line};
        TRY_ASSIGN(node.pipeline, parse_pipeline("range", TokenKind::close, 2));
        TRY(expect_close("range"));
        ++loops_;
        auto ending = parse_nodes(node.body);
        --loops_;
        if (!ending) return ending.error();
        if (*ending == Ending::otherwise) {
            TRY(expect_close("else"));
            TRY_ASSIGN(const Ending last, parse_nodes(node.otherwise));
            if (last != Ending::end) return fail("expected end; found {{else}}");
        }
        variables_.resize(variables);
        return node;
    }

    Result<Node> parse_jump(Node::Kind kind, std::string_view word, int line) {
        if (peek().kind != TokenKind::close) return unexpected(fmt::format("{{{{{}}}}}", word));
        take();
        if (loops_ == 0) return fail(fmt::format("{{{{{}}}}} outside {{{{range}}}}", word));
        return Node{.kind = kind, .line = line};
    }

    Result<std::string> parse_name(std::string_view where) {
        if (peek().kind != TokenKind::string) return unexpected(where);
        return take().text;
    }

    Result<Node> parse_call(int line) {
        Node node{.kind = Node::Kind::call, .line = line};
        TRY_ASSIGN(node.text, parse_name("template clause"));
        if (peek().kind != TokenKind::close) {
            TRY_ASSIGN(node.pipeline, parse_pipeline("template clause", TokenKind::close, 1));
        }
        TRY(expect_close("template clause"));
        return node;
    }

    Result<Node> parse_block(int line) {
        Node node{.kind = Node::Kind::call, .line = line};
        TRY_ASSIGN(node.text, parse_name("block clause"));
        TRY_ASSIGN(node.pipeline, parse_pipeline("block clause", TokenKind::close, 1));
        TRY(expect_close("block clause"));
        TRY(parse_body_of(node.text, "unexpected {{else}} in block clause"));
        return node;
    }

    Status parse_define() {
        TRY_ASSIGN(const std::string name, parse_name("define clause"));
        TRY(expect_close("define clause"));
        return parse_body_of(name, "unexpected {{else}} in define clause");
    }

    // A template of its own: neither variables nor loops around it are seen inside.
    Status parse_body_of(const std::string& name, std::string_view on_else) {
        const auto outer = std::exchange(variables_, {"$"});
        const int loops = std::exchange(loops_, 0);
        Nodes body;
        TRY_ASSIGN(const Ending ending, parse_nodes(body));
        if (ending == Ending::otherwise) return fail(on_else);
        variables_ = outer;
        loops_ = loops;
        tree_.defined.insert_or_assign(name, std::move(body));
        return Ok{};
    }

    Result<Pipeline> parse_pipeline(
        std::string_view where, TokenKind close, std::size_t max_variables
    ) {
        const Level level(depth_);
        if (depth_ > kMaxDepth) return fail("max expression depth exceeded");
        Pipeline out{.line = peek().line};
        TRY(parse_declaration(out, where, max_variables));
        for (;;) {
            TRY_ASSIGN(Command command, parse_command(where));
            out.commands.push_back(std::move(command));
            if (peek().kind == close) break;
            if (!take_if(TokenKind::pipe)) return unexpected(where);
            if (peek().kind == close) return fail(fmt::format("missing value for {}", where));
        }
        for (std::size_t i = 1; i < out.commands.size(); ++i) {
            if (out.commands[i].operands.front().kind != Operand::Kind::function &&
                out.commands[i].operands.front().fields.empty())
                return fail(fmt::format("non executable command in pipeline stage {}", i + 1));
        }
        return out;
    }

    // $x := , $x = , and for range $i, $x :=
    Status parse_declaration(Pipeline& out, std::string_view where, std::size_t max_variables) {
        if (peek().kind == TokenKind::close || peek().kind == TokenKind::right_paren)
            return fail(fmt::format("missing value for {}", where));
        std::size_t ahead = position_;
        std::vector<std::string> names;
        while (tokens_[ahead].kind == TokenKind::variable) {
            names.push_back(tokens_[ahead++].text);
            if (tokens_[ahead].kind != TokenKind::comma) break;
            ++ahead;
        }
        const TokenKind mark = tokens_[ahead].kind;
        if (names.empty() || (mark != TokenKind::declare && mark != TokenKind::assign)) return Ok{};
        if (names.size() > max_variables) return fail("too many declarations in command");
        position_ = ahead + 1;
        out.variables = names;
        out.declares = mark == TokenKind::declare;
        for (const std::string& name : names) {
            if (!out.declares) TRY(check_variable(name));
            if (out.declares) variables_.push_back(name);
        }
        return Ok{};
    }

    Status check_variable(const std::string& name) const {
        if (std::ranges::find(variables_, name) != variables_.end()) return Ok{};
        return fail(fmt::format("undefined variable \"{}\"", name));
    }

    Result<Command> parse_command(std::string_view where) {
        Command out;
        for (;;) {
            const TokenKind kind = peek().kind;
            if (kind == TokenKind::close || kind == TokenKind::right_paren ||
                kind == TokenKind::pipe)
                break;
            if (!out.operands.empty() && !peek().after_space) return unexpected(where);
            TRY_ASSIGN(Operand operand, parse_operand(where));
            out.operands.push_back(std::move(operand));
        }
        if (out.operands.empty()) return fail(fmt::format("missing value for {}", where));
        const bool is_nil = out.operands.front().kind == Operand::Kind::nil;
        if (is_nil && out.operands.size() == 1) return fail("nil is not a command");
        return out;
    }

    Result<Operand> parse_operand(std::string_view where) {
        TRY_ASSIGN(Operand operand, parse_term(where));
        while (peek().kind == TokenKind::field && !peek().after_space)
            operand.fields.push_back(take().text);
        const bool bare =
            operand.kind == Operand::Kind::constant || operand.kind == Operand::Kind::nil;
        if (bare && !operand.fields.empty())
            return fail(fmt::format("unexpected . after term {:?}", operand.name));
        return operand;
    }

    Result<Operand> parse_term(std::string_view where) {
        switch (peek().kind) {
            case TokenKind::dot:
                take();
                return Operand{.kind = Operand::Kind::dot};
            case TokenKind::field:
                return Operand{.kind = Operand::Kind::dot, .fields = {take().text}};
            case TokenKind::variable:
                TRY(check_variable(peek().text));
                return Operand{.kind = Operand::Kind::variable, .name = take().text};
            case TokenKind::string:
                return constant(Value{take().text});
            case TokenKind::character:
                return constant(Value{static_cast<std::int64_t>(std::atoll(take().text.c_str()))});
            case TokenKind::number:
                return parse_number();
            case TokenKind::identifier:
                return parse_word(where);
            case TokenKind::left_paren:
                return parse_parentheses();
            default:
                return unexpected(where);
        }
    }

    static Operand constant(Value value) {
        const std::string name = to_text(value);
        return Operand{.kind = Operand::Kind::constant, .name = name, .constant = std::move(value)};
    }

    Result<Operand> parse_word(std::string_view where) {
        const std::string& word = peek().text;
        if (word == "true" || word == "false") return constant(Value{take().text == "true"});
        if (word == "nil") {
            take();
            return Operand{.kind = Operand::Kind::nil, .name = "nil"};
        }
        if (is_keyword(word)) return fail(fmt::format("unexpected <{}> in {}", word, where));
        if (!is_function(word)) return fail(fmt::format("function \"{}\" not defined", word));
        return Operand{.kind = Operand::Kind::function, .name = take().text};
    }

    static bool is_keyword(std::string_view word) {
        constexpr std::string_view kKeywords[] = {
            "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"
        };
        return std::ranges::find(kKeywords, word) != std::end(kKeywords);
    }

    Result<Operand> parse_parentheses() {
        take();
        TRY_ASSIGN(
            Pipeline inner, parse_pipeline("parenthesized pipeline", TokenKind::right_paren, 1)
        );
        if (!take_if(TokenKind::right_paren)) return unexpected("parenthesized pipeline");
        return Operand{
            .kind = Operand::Kind::pipeline,
            .pipeline = std::make_shared<const Pipeline>(std::move(inner))
        };
    }

    // Cuts 0x, 0o or 0b off; a leading 0 alone means octal.
    static int take_base(std::string_view& digits) {
        if (digits.size() < 2 || digits[0] != '0') return 10;
        const char kind = static_cast<char>(digits[1] | 0x20);
        const int base = kind == 'x' ? 16 : kind == 'b' ? 2 : kind == 'o' ? 8 : 10;
        if (base != 10) digits.remove_prefix(2);
        const bool octal = digits.find_first_not_of("01234567") == std::string_view::npos;
        return base == 10 && octal ? 8 : base;
    }

    // Go's integers (0x, 0o, 0b, _) and floats.
    Result<Operand> parse_number() {
        const std::string original = peek().text;
        std::string digits;
        std::ranges::copy_if(original, std::back_inserter(digits), [](char c) { return c != '_'; });
        const bool negative = digits.starts_with('-');
        if (negative || digits.starts_with('+')) digits.erase(0, 1);

        std::string_view rest = digits;
        const int base = take_base(rest);
        std::uint64_t whole = 0;
        auto end = std::from_chars(rest.data(), rest.data() + rest.size(), whole, base);
        if (end.ec == std::errc() && end.ptr == rest.data() + rest.size() && whole <= INT64_MAX) {
            take();
            const auto value = static_cast<std::int64_t>(whole);
            return constant(Value{negative ? -value : value});
        }
        double real = 0;
        end = std::from_chars(digits.data(), digits.data() + digits.size(), real);
        if (end.ec != std::errc() || end.ptr != digits.data() + digits.size())
            return fail(fmt::format("bad number syntax: {:?}", original));
        take();
        return constant(Value{negative ? -real : real});
    }

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
    int depth_ = 0;
    int loops_ = 0;
    std::vector<std::string> variables_ = {"$"};
    Tree tree_;
};

}  // namespace

Result<Tree> parse_template(std::string_view text) {
    TRY_ASSIGN(auto tokens, lex_template(text));
    return Parser(std::move(tokens)).run();
}

}  // namespace moat::models::templates
