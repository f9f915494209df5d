#include "cli/cli.h"

#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"

namespace moat::cli {
namespace {

// Everything a command line may set; each command reads its own part.
struct Words {
    std::string model;
    std::string other;
    std::vector<std::string> names;
    CreateOptions create;
    AliasOptions alias;
    std::string prefix;
    std::vector<std::string> prompt;
    std::string think;
    bool show_parts[5] = {};
    RunOptions run;
    AskOptions ask;
    SearchOptions search;
    std::string role = "user";
};

class CommandLine {
  public:
    CommandLine(Session session, const Program& program) : session_(session), program_(program) {
        app_.name("moat");
        app_.require_subcommand(0, 1);
        app_.set_version_flag("-v,--version", [this] { return version_text(); });
        app_.footer(std::string(pick(
            "Examples:\n"
            "  moat serve\n"
            "  moat create qwen -f Modelfile          # FROM ./qwen2.5-1.5b.gguf\n"
            "  moat run qwen \"Why is the sky blue?\"\n"
            "  moat kb add handbook ./documents\n"
            "  moat ask \"How many days of leave?\" --kb handbook\n",
            "示例：\n"
            "  moat serve\n"
            "  moat create qwen -f Modelfile          # FROM ./qwen2.5-1.5b.gguf\n"
            "  moat run qwen \"天空为什么是蓝色的？\"\n"
            "  moat kb add handbook ./documents\n"
            "  moat ask \"年假有几天？\" --kb handbook\n"
        )));
        add_serve();
        add_models();
        add_alias();
        add_show();
        add_run();
        add_knowledge();
        add_ask();
        add_keys();
    }

    int parse_and_run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const ::CLI::ParseError& error) {
            const bool help = error.get_exit_code() == static_cast<int>(::CLI::ExitCodes::Success);
            if (help) return app_.exit(error);
            return session_.console.fail(fmt::format(
                "{} ({})", error.what(), pick("see 'moat --help'", "请看 'moat --help'")
            ));
        }
        if (!action_) {
            session_.console.print(app_.help());
            return 0;
        }
        return action_();
    }

  private:
    std::string_view pick(std::string_view english, std::string_view chinese) const {
        return session_.console.pick(english, chinese);
    }

    ::CLI::App& command(
        ::CLI::App& parent,
        const char* name,
        std::string_view english,
        std::string_view chinese,
        std::function<int()> work
    ) {
        auto* sub = parent.add_subcommand(name, std::string(pick(english, chinese)));
        sub->callback([this, work = std::move(work)] { action_ = work; });
        return *sub;
    }

    // The server's word may differ from ours when it runs elsewhere.
    std::string version_text() {
        const auto reply = session_.api.get("/api/version");
        std::string text = fmt::format("moat version is {}", program_.version);
        if (!reply) return text + "\nWarning: could not connect to a running Moat server";
        return text + fmt::format("\nollama version is {}", json::string_or(*reply, "version"));
    }

    void add_serve() {
        auto& serve = command(app_, "serve", "Start the server", "启动服务", [this] {
            return program_.serve(app_.get_subcommand("serve")->remaining());
        });
        serve.alias("start");
        serve.prefix_command();
        serve.set_help_flag();  // its own help lists its options
    }

    void add_models() {
        auto& create = command(
            app_,
            "create",
            "Make a model from a Modelfile",
            "用 Modelfile 创建模型",
            [this] { return create_model(session_, words_.create); }
        );
        add_create_options(create);
        auto& list = command(app_, "list", "List models", "列出模型", [this] {
            return list_models(session_, words_.prefix);
        });
        list.alias("ls");
        list.add_option("PREFIX", words_.prefix);
        auto& ps = command(app_, "ps", "List running models", "列出运行中的模型", [this] {
            return list_running(session_, words_.prefix);
        });
        ps.add_option("PREFIX", words_.prefix);
        auto& copy = command(app_, "cp", "Copy a model", "复制模型", [this] {
            return copy_model(session_, words_.model, words_.other);
        });
        copy.add_option("SOURCE", words_.model)->required();
        copy.add_option("DESTINATION", words_.other)->required();
        auto& remove = command(app_, "rm", "Remove models", "删除模型", [this] {
            return remove_models(session_, words_.names);
        });
        remove.add_option("MODEL", words_.names)->required();
        auto& stop = command(app_, "stop", "Unload a running model", "停止运行中的模型", [this] {
            return stop_model(session_, words_.model);
        });
        stop.add_option("MODEL", words_.model)->required();
    }

    void add_create_options(::CLI::App& create) {
        CreateOptions& options = words_.create;
        create.add_option("MODEL", options.model)->required();
        create
            .add_option(
                "-f,--file",
                options.modelfile,
                std::string(pick("path of the Modelfile", "Modelfile 的路径"))
            )
            ->capture_default_str();
        create.add_option(
            "-q,--quantize",
            options.quantize,
            std::string(pick("store the weights in fewer bits, e.g. Q4_K_M", "量化权重，如 Q4_K_M"))
        );
        create.add_flag(
            "--link",
            options.link,
            std::string(pick(
                "use the files where they lie, without a copy; they must be on the server",
                "直接使用原文件而不复制；文件须在服务器上"
            ))
        );
        create.add_option(
            "--draft-quantize",
            options.draft_quantize,
            std::string(pick("the same, for the draft model", "量化草稿模型"))
        );
    }

    void add_alias() {
        AliasOptions& options = words_.alias;
        auto& sub = command(
            app_,
            "alias",
            "List, set and switch names that stand for models",
            "列出、设置、切换模型别名",
            [this] { return alias(session_, words_.alias); }
        );
        sub.add_option("NAME", options.name);
        sub.add_option("MODEL", options.target);
        sub.add_flag(
            "--rollback",
            options.roll_back,
            std::string(pick("back to the model before", "回到之前的模型"))
        );
        sub.add_flag(
            "--remove",
            options.remove,
            std::string(pick("remove the alias, not the model", "删除别名，不删除模型"))
        );
    }

    void add_show() {
        auto& show = command(app_, "show", "Show a model", "查看模型", [this] {
            constexpr const char* kParts[] = {
                "license", "modelfile", "parameters", "template", "system"
            };
            std::string part;
            for (std::size_t i = 0; i < 5; ++i) {
                if (!words_.show_parts[i]) continue;
                if (!part.empty()) {
                    return session_.console.fail(
                        "only one of '--license', '--modelfile', '--parameters', '--system', or "
                        "'--template' can be specified"
                    );
                }
                part = kParts[i];
            }
            return show_model(session_, words_.model, part);
        });
        show.add_option("MODEL", words_.model)->required();
        const char* flags[] = {
            "--license", "--modelfile", "--parameters", "--template", "--system"
        };
        for (std::size_t i = 0; i < 5; ++i)
            show.add_flag(flags[i], words_.show_parts[i]);
    }

    void add_run() {
        auto& run = command(app_, "run", "Run a model", "运行模型", [this] {
            for (const auto& word : words_.prompt)
                words_.run.prompt += (words_.run.prompt.empty() ? "" : " ") + word;
            if (!words_.think.empty()) words_.run.think = words_.think != "false";
            return run_model(session_, words_.run);
        });
        run.add_option("MODEL", words_.run.model)->required();
        run.add_option(
            "PROMPT", words_.prompt, std::string(pick("without one: a dialogue", "省略则进入对话"))
        );
        run.add_option(
            "--format",
            words_.run.format,
            std::string(pick("\"json\" or a JSON schema", "\"json\" 或 JSON schema"))
        );
        run.add_option(
            "--keepalive",
            words_.run.keep_alive,
            std::string(
                pick("how long the model stays loaded, e.g. 5m", "模型保持加载的时间，如 5m")
            )
        );
        run.add_option("--think", words_.think, std::string(pick("true or false", "true 或 false")))
            ->expected(0, 1)
            ->default_str("true");
        run.add_flag(
            "--verbose", words_.run.verbose, std::string(pick("show timings", "显示耗时"))
        );
    }

    void add_knowledge() {
        auto* kb = app_.add_subcommand("kb", std::string(pick("Knowledge bases", "知识库")));
        kb->require_subcommand(1);
        auto& add = command(
            *kb,
            "add",
            "Add files and folders to a knowledge base, making it if needed",
            "向知识库添加文件和文件夹（不存在则创建）",
            [this] { return add_to_kb(session_, words_.model, words_.names); }
        );
        add.add_option("NAME", words_.model)->required();
        add.add_option("PATH", words_.names)->required();
        auto& create =
            command(*kb, "create", "Make an empty knowledge base", "创建空知识库", [this] {
                return create_kb(session_, words_.model);
            });
        create.add_option("NAME", words_.model)->required();
        command(*kb, "list", "List knowledge bases", "列出知识库", [this] {
            return list_kbs(session_);
        }).alias("ls");
        auto& show = command(
            *kb,
            "show",
            "List the documents of a knowledge base",
            "列出知识库中的文档",
            [this] { return show_kb(session_, words_.model); }
        );
        show.add_option("NAME", words_.model)->required();
        auto& remove = command(*kb, "rm", "Remove a knowledge base", "删除知识库", [this] {
            return remove_kb(session_, words_.model);
        });
        remove.add_option("NAME", words_.model)->required();
    }

    void add_ask() {
        auto& ask_command = command(
            app_,
            "ask",
            "Ask a question; the answer cites its sources",
            "提问，回答附带引用来源",
            [this] { return ask(session_, words_.ask); }
        );
        ask_command.add_option("QUESTION", words_.ask.question)->required();
        ask_command.add_option(
            "--kb", words_.ask.kb, std::string(pick("the knowledge base to ask", "要询问的知识库"))
        );
        ask_command.add_option(
            "--model",
            words_.ask.model,
            std::string(pick("the chat model to answer with", "用于回答的模型"))
        );
        ask_command.add_option(
            "--conversation",
            words_.ask.conversation,
            std::string(pick("go on with a conversation", "继续一个对话"))
        );
        ask_command.add_flag(
            "--json",
            words_.ask.as_json,
            std::string(pick("print everything as JSON", "以 JSON 输出全部内容"))
        );
        auto& search = command(app_, "search", "Search a knowledge base", "检索知识库", [this] {
            return search_kb(session_, words_.search);
        });
        search.add_option("QUERY", words_.search.query)->required();
        search
            .add_option("--kb", words_.search.kb, std::string(pick("the knowledge base", "知识库")))
            ->required();
        search.add_option("--limit", words_.search.limit)
            ->check(::CLI::Range(1, 100))
            ->capture_default_str();
    }

    void add_keys() {
        auto* key = app_.add_subcommand("key", std::string(pick("API keys", "API 密钥")));
        key->require_subcommand(1);
        auto& create = command(
            *key,
            "create",
            "Make a key; it is printed once",
            "创建密钥，只显示一次",
            [this] { return create_key(session_, words_.model, words_.role); }
        );
        create
            .add_option(
                "NAME", words_.model, std::string(pick("who or what will use it", "使用者名称"))
            )
            ->required();
        create.add_option("--role", words_.role)
            ->check(::CLI::IsMember({"user", "admin"}))
            ->capture_default_str();
        command(*key, "list", "List keys", "列出密钥", [this] {
            return list_keys(session_);
        }).alias("ls");
        auto& revoke = command(*key, "revoke", "Revoke a key", "吊销密钥", [this] {
            return revoke_key(session_, words_.model);
        });
        revoke.add_option("ID", words_.model)->required();
    }

    Session session_;
    const Program& program_;
    Words words_;
    ::CLI::App app_{"Moat: models, documents and cited answers on your own machine"};
    std::function<int()> action_;
};

}  // namespace

int run(int argc, char** argv, const Program& program, HttpClient& http, const Console& console) {
    ApiClient api(http);
    CommandLine line({api, console}, program);
    return line.parse_and_run(argc, argv);
}

}  // namespace moat::cli
