"""Common Brazilian names, of which invented people are made."""

_FIRST = """
Adriana Alice Amanda Anderson Antônio Aparecida Beatriz Bruna Caio Carla Carlos Cícera Cláudio
Cristina Daniel Débora Edson Eduarda Elisa Fabiana Felipe Fernanda Flávio Gabriel Geraldo
Gustavo Helena Igor Isabela Ivone Jéssica João José Juliana Júlio Larissa Leandro Letícia Lucas
Luciana Luiz Marcelo Márcia Marcos Maria Mariana Marta Mateus Mônica Natália Otávio Patrícia
Paula Paulo Pedro Rafaela Raimunda Renato Ricardo Rita Roberto Rodrigo Rosa Samuel Sandra
Sérgio Severino Silvana Simone Sônia Tatiana Thiago Valéria Vanessa Vitória
"""
_LAST = """
Almeida Alves Araújo Barbosa Batista Bezerra Borges Brito Cabral Campos Cardoso Carvalho
Cavalcanti Coelho Correia Costa Cunha Dantas Dias Duarte Farias Fernandes Ferreira Figueiredo
Freire Gomes Gonçalves Lima Lins Lopes Machado Marques Martins Melo Mendes Miranda Monteiro
Moraes Moreira Nascimento Nogueira Oliveira Pacheco Pereira Pinto Queiroz Ramos Ribeiro Rocha
Sales Santana Santos Silva Soares Souza Teixeira Vasconcelos Vieira Xavier
"""
FIRST_NAMES, LAST_NAMES = tuple(_FIRST.split()), tuple(_LAST.split())
