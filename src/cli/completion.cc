#include "cli/completion.h"

#include <algorithm>
#include <array>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moat::cli {
namespace {

// A command with its path ("kb add"), the commands below it and its flags.
struct Command {
    std::string path;
    std::vector<std::string> below;
    std::vector<std::string> flags;
    std::string description;
};

bool takes_models(std::string_view path) {
    constexpr std::array<std::string_view, 8> kOnes = {
        "run", "show", "stop", "cp", "rm", "push", "ps", "verify"
    };
    return std::ranges::find(kOnes, path) != kOnes.end();
}

void collect(const ::CLI::App& app, const std::string& path, std::vector<Command>& out) {
    Command command{path, {}, {}, app.get_description()};
    const auto subs = app.get_subcommands([](const ::CLI::App*) { return true; });
    for (const ::CLI::App* sub : subs)
        command.below.push_back(sub->get_name());
    for (const ::CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames())
            command.flags.push_back("--" + name);
    }
    out.push_back(std::move(command));
    for (const ::CLI::App* sub : subs)
        collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), out);
}

std::string bash_script(const std::string& program, const std::vector<Command>& commands) {
    std::string paths;
    std::string cases;
    for (const Command& command : commands) {
        if (!command.path.empty()) paths += fmt::format(" | '{}'", command.path);
        cases += fmt::format(
            "        '{}') words='{}{}{}'{} ;;\n",
            command.path,
            fmt::join(command.below, " "),
            command.below.empty() ? "" : " ",
            fmt::join(command.flags, " "),
            takes_models(command.path) ? " models=1" : ""
        );
    }
    constexpr const char* kScript = R"sh(# Completion of {0}: source <({0} completion bash)
_{0}() {{
    local path='' words='' models='' word next current="${{COMP_WORDS[COMP_CWORD]}}"
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        next="${{path:+$path }}$word"
        case "$next" in
        {1}) path="$next" ;;
        esac
    done
    case "$path" in
{2}    esac
    if [ -n "$models" ] && [[ "$current" != -* ]]; then
        words="$({0} list 2>/dev/null | awk 'NR > 1 {{ print $1 }}')"
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
# Names of models hold colons.
COMP_WORDBREAKS="${{COMP_WORDBREAKS//:/}}"
complete -o default -F _{0} {0}
)sh";
    return fmt::format(fmt::runtime(kScript), program, paths.substr(3), cases);
}

std::string quoted(std::string text) {
    for (std::size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 2))
        text.insert(at, "\\");
    return "'" + text + "'";
}

std::string fish_script(const std::string& program, const std::vector<Command>& commands) {
    std::string out = fmt::format("# Completion of {0}: {0} completion fish | source\n", program);
    for (const Command& command : commands) {
        std::string condition = "__fish_use_subcommand";
        if (!command.path.empty()) {
            const std::size_t space = command.path.find(' ');
            condition = "__fish_seen_subcommand_from " + command.path.substr(0, space);
            if (space != std::string::npos)
                condition += "; and __fish_seen_subcommand_from " + command.path.substr(space + 1);
        }
        const std::string line = fmt::format("complete -c {} -n {}", program, quoted(condition));
        for (const std::string& flag : command.flags)
            out += fmt::format("{} -l {}\n", line, flag.substr(2));
        for (const std::string& below : command.below) {
            const std::string path = command.path.empty() ? below : command.path + " " + below;
            const auto found = std::ranges::find(commands, path, &Command::path);
            out += fmt::format("{} -f -a {} -d {}\n", line, below, quoted(found->description));
        }
        if (takes_models(command.path))
            out += fmt::format(
                "{} -f -a \"({} list 2>/dev/null | awk 'NR > 1 {{ print \\$1 }}')\"\n",
                line,
                program
            );
    }
    return out;
}

}  // namespace

Result<std::string> completion_script(
    std::string_view shell, const std::string& program, const ::CLI::App& app
) {
    std::vector<Command> commands;
    collect(app, "", commands);
    if (shell == "bash") return bash_script(program, commands);
    // zsh runs bash's scripts with this.
    if (shell == "zsh")
        return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(program, commands);
    if (shell == "fish") return fish_script(program, commands);
    return Error{
        ErrorCode::invalid_argument, fmt::format("\"{}\" is none of bash, zsh and fish", shell)
    };
}

}  // namespace moat::cli
